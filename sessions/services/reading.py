"""Read sessions: whose, in which state, and how long such a start usually takes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import User
from sessions.models import ASKED_AT, Session, SessionRows, SessionState
from vre_portal.config import get_config
from vre_portal.errors import NotFound

LAST_STARTS = 20
LOOK_BACK = timedelta(days=92)
FEW_STARTS = 3
Start = tuple[str, uuid.UUID, timedelta]


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
    return usual_seconds_of(user, [environment]).get(environment)


def usual_seconds_of(user: User, environments: Iterable[str]) -> dict[str, float]:
    """Return `usual_seconds` of several environments by one query, where there is any.

    Only starts of the last three months are looked at: older ones say little, and many cost time.
    """
    spans: dict[str, tuple[list[float], list[float]]] = {}
    for environment, whose, took in _last_starts(user, list(environments)):
        own, everybodys = spans.setdefault(environment, ([], []))
        everybodys.append(took.total_seconds())
        if whose == user.pk:
            own.append(took.total_seconds())
    usual: dict[str, float] = {}
    for environment, (own, everybodys) in spans.items():
        enough = next((each for each in (own, everybodys) if len(each) >= FEW_STARTS), None)
        if enough:
            usual[environment] = float(median(enough[:LAST_STARTS]))
    return usual


def _last_starts(user: User, environments: list[str]) -> Iterable[Start]:
    """Return environment, user and time to ready of the last starts of all, and of the user's own.

    What was found running was started by somebody else: it says nothing of how long that takes.
    """
    latest = F("asked").desc()
    return (
        Session.objects.annotate(asked=ASKED_AT, took=F("ready_at") - ASKED_AT)
        .filter(
            environment__in=environments,
            took__gt=timedelta(),
            asked__gte=timezone.now() - LOOK_BACK,
        )
        .annotate(
            turn=Window(RowNumber(), partition_by=[F("environment")], order_by=latest),
            own_turn=Window(
                RowNumber(), partition_by=[F("environment"), F("user_id")], order_by=latest
            ),
        )
        .filter(Q(turn__lte=LAST_STARTS) | Q(user=user, own_turn__lte=LAST_STARTS))
        .order_by("-asked")
        .values_list("environment", "user_id", "took")
    )


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
