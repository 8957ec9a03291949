"""Read sessions: whose, in which state, and how long such a start usually takes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from accounts.models import User
from sessions.models import Session, SessionRows, SessionState
from vre_portal.config import get_config
from vre_portal.errors import NotFound

LAST_STARTS = 20
FEW_STARTS = 3


@dataclass(frozen=True, slots=True)
class Summary:
    """What Home shows of sessions."""

    active: list[Session]
    failed: list[Session]
    last: Session | None


def visible_to(user: User) -> SessionRows:
    """Return the sessions that a user may see."""
    return Session.objects.visible_to(user)


def get(user: User, session_id: uuid.UUID | str) -> Session:
    """Return a user's session.

    Raises
    ------
    NotFound
        There is none, or it is somebody else's.
    """
    try:
        found = visible_to(user).filter(pk=uuid.UUID(str(session_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no such session among yours.")
    return found


def summary(user: User) -> Summary:
    """Return what Home shows, from the portal's own tables."""
    rows = visible_to(user).order_by("-created_at")
    active = list(rows.active())
    newest = rows.first()
    failed = [newest] if newest is not None and newest.state == SessionState.FAILED else []
    return Summary(active=active, failed=failed, last=rows.finished().first())


def active_count(user_id: uuid.UUID) -> int:
    """Return how many sessions of a user have not ended."""
    return Session.objects.active().filter(user_id=user_id).count()


def open_url(session: Session) -> str:
    """Return the address that opens a ready session, empty for others; it holds no token."""
    if session.state != SessionState.READY:
        return ""
    return f"{get_config().hub_url or ''}{session.url}"


def usual_seconds(user: User, environment: str) -> float | None:
    """Return the median time to ready of the last starts: the user's own, or all while few."""
    starts = Session.objects.filter(environment=environment, ready_at__isnull=False)
    for rows in (starts.filter(user=user), starts):
        times = rows.order_by("-created_at").values_list("created_at", "ready_at")[:LAST_STARTS]
        spans = [(ready - created).total_seconds() for created, ready in times if ready]
        if len(spans) >= FEW_STARTS:
            return float(median(spans))
    return None


def present_state(user_id: uuid.UUID, key: str) -> Mapping[str, Any]:
    """Return a session's state as the websocket tells it."""
    return event_of(get(User.objects.get(pk=user_id), key))


def event_of(session: Session) -> dict[str, Any]:
    """Return what open pages are told of a session."""
    return {
        "id": str(session.pk),
        "state": session.state,
        "message": session.message,
        "percent": session.percent,
        "url": open_url(session) or None,
    }
