"""Who may act at all: the one question before every page, call, stream and websocket."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from accounts.models import Acceptance, Role, User
from vre_portal.config import get_config
from vre_portal.errors import Forbidden


class MayNotAct(Forbidden):
    """Somebody may not act now; their work under way waits until they may again."""

    waits = True


class TermsRequired(MayNotAct):
    """The terms in force are not accepted yet."""

    def __init__(self) -> None:
        super().__init__("Accept the terms of use in the portal first.")


class MembershipRequired(MayNotAct):
    """No rule gives this person a role."""

    def __init__(self) -> None:
        super().__init__("You are in no group that may use this portal.")


class Leaving(MayNotAct):
    """The account will be deleted; its owner may still keep it."""

    def __init__(self) -> None:
        super().__init__("Your account is about to be deleted. Sign in to keep it.")


class Suspended(MayNotAct):
    """The account is suspended, or was merged into another."""

    def __init__(self) -> None:
        super().__init__("Your account is suspended. Write to the operators.")


def accepted_by(user: OuterRef) -> Exists:
    """Return whether somebody of a query accepted the terms in force, to be asked along with it."""
    version = get_config().terms_version
    return Exists(Acceptance.objects.filter(user=user, version=version))


def refusal(user: User, *, accepted: bool = False) -> MayNotAct | None:
    """Return why this person may not act now, or None.

    `accepted` is whether it is known already that they accepted the terms in force. Suspension has
    to reach everything within a minute: nobody may remember the rest of the answer.
    """
    if not user.is_active:
        return Suspended()
    if user.delete_after is not None:
        return Leaving()
    if Role.MEMBER.value not in user.roles:
        return MembershipRequired()
    if accepted or user.acceptances.filter(version=get_config().terms_version).exists():
        return None
    return TermsRequired()
