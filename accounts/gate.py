"""Who may act at all: the one question before every page, call, stream and websocket."""

from __future__ import annotations

from accounts.models import Role, User
from vre_portal.config import get_config
from vre_portal.errors import Forbidden, PortalError


class TermsRequired(Forbidden):
    """The terms in force are not accepted yet."""


class MembershipRequired(Forbidden):
    """No rule gives this person a role."""


class Suspended(Forbidden):
    """The account is suspended, or was merged into another."""

    def __init__(self) -> None:
        super().__init__("Your account is suspended. Write to the operators.")


def refusal(user: User) -> PortalError | None:
    """Return why this person may not act now, or None.

    Whoever asks again and again for one session may remember the answer for that request only:
    suspension has to reach everything within a minute.
    """
    if not user.is_active:
        return Suspended()
    if Role.MEMBER.value not in user.roles:
        return MembershipRequired("You are in no group that may use this portal.")
    if not user.acceptances.filter(version=get_config().terms_version).exists():
        return TermsRequired("Accept the terms of use in the portal first.")
    return None
