"""The warning above every page that a session of one's own is about to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from sessions.models import Session
from sessions.services.ends import Cause, extended_until, near
from vre_portal.context import Banner
from vre_portal.errors import NotFound

TOPIC = "session-ends"


@dataclass(frozen=True, slots=True)
class Warned:
    """A session that ends soon: when, why, and whether that can be put off."""

    session: Session
    at: datetime
    why: str
    can_extend: bool


def banner(user: User) -> Banner | None:
    """Return the warning of a person with sessions; it says nothing while no end is near."""
    active = list(Session.objects.visible_to(user).active())
    if not active:
        return None
    values = {"warned": warned(active)}
    return Banner("sessions/_ending.html", values, f"{TOPIC}:{user.pk}", reverse("sessions:ending"))


def warned(sessions: list[Session]) -> list[Warned]:
    """Return what is to be said of those that end soon."""
    reasons = {Cause.LIFE: _("its time is over then"), Cause.IDLE: _("nobody uses it")}
    return [
        Warned(
            session=session,
            at=end.at,
            why=reasons[end.cause],
            can_extend=end.cause is Cause.IDLE or extended_until(session) is not None,
        )
        for session, end in near(sessions)
    ]


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return how many sessions of a person end soon."""
    if str(user_id) != key:
        raise NotFound("There is no such topic.")
    rows = Session.objects.active().filter(user_id=key, removed_at=None)
    return {"ending": len(near(rows))}
