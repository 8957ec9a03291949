"""Change a session's row only from the states in which the change makes sense, and tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

import activity.services
from activity.models import Level
from sessions.models import Session, SessionState
from sessions.services.reading import event_of
from vre_portal import operations
from vre_portal.errors import PortalError
from vre_portal.live import publish
from vre_portal.models import Operation, OperationState

TAKE_DOWN = "session.stop"
#: So long a start waits for a hub that does not answer, and so often it is asked meanwhile.
LONGEST_WAIT = timedelta(minutes=30)
WAIT_SECONDS = 10.0
MAX_EVENTS = 60


def line_of(text: str) -> dict[str, str]:
    """Return a line of what happened, as of now."""
    return {"at": timezone.now().isoformat(timespec="seconds"), "text": text}


@transaction.atomic
def change(session: Session, *, of: Sequence[SessionState], say: str = "", **changes: Any) -> bool:
    """Write changes if the session is in one of the states `of`, add a line, and tell the pages.

    Returns False, and changes nothing, when somebody moved it to another state meanwhile.
    """
    row = Session.objects.select_for_update().filter(pk=session.pk, state__in=of).first()
    if row is None:
        return False
    for name, value in changes.items():
        setattr(row, name, value)
    if say:
        row.message = say
        if not any(event["text"] == say for event in row.events[-MAX_EVENTS:]):
            row.events = [*row.events, line_of(say)][-MAX_EVENTS:]
    row.save()
    for field in (*changes, "message", "events"):
        setattr(session, field, getattr(row, field))
    publish(f"session:{row.pk}", event_of(row))
    return True


@transaction.atomic
def update(session: Session, *, line: str = "", **changes: Any) -> None:
    """Write changes that leave the state and its message alone, with a line, and tell the pages."""
    row = Session.objects.select_for_update().get(pk=session.pk)
    for name, value in changes.items():
        setattr(row, name, value)
    if line:
        row.events = [*row.events, line_of(line)][-MAX_EVENTS:]
    row.save(update_fields=[*changes, "events"])
    for field in (*changes, "events"):
        setattr(session, field, getattr(row, field))
    publish(f"session:{row.pk}", event_of(row))


@transaction.atomic
def fail(session: Session, reason: str, *, of: Sequence[SessionState]) -> None:
    """Mark a session as failed and take its server away, so that none stays behind and counts."""
    if not change(
        session, of=of, say=reason, state=SessionState.FAILED, stopped_at=timezone.now(), url=""
    ):
        return
    begin_take_down(session)
    note(session, "failed", f"{session.name} did not start: {reason}", level=Level.ERROR)


def begin_take_down(session: Session) -> None:
    """Start taking the session's server away, unless that is under way."""
    begin(TAKE_DOWN, session)


def begin(kind: str, session: Session) -> None:
    """Begin work on a session that may come again, unless the same is under way."""
    before = Operation.objects.filter(kind=kind, subject=session.pk)
    if not before.filter(state=OperationState.WAITING).exists():
        begin_another(kind, session)


def begin_another(kind: str, session: Session) -> None:
    """Begin work on a session also while the same is under way: that may have looked already."""
    before = Operation.objects.filter(kind=kind, subject=session.pk).count()
    key = f"{kind}:{session.pk}:{before}"
    operations.begin(kind, subject=session.pk, user_id=session.user_id, key=key)


def wait_out(error: PortalError, operation: Operation) -> operations.Again:
    """Have a start try again later where the hub may come back, else raise the error."""
    if not error.retryable or timezone.now() - operation.created_at > LONGEST_WAIT:
        raise error
    return operations.Again(WAIT_SECONDS)


def tell_ending(session: Session) -> None:
    """Tell every open page of the owner that what is said of ends has changed."""
    publish(f"session-ends:{session.user_id}", {"session": str(session.pk)})


def note(session: Session, verb: str, text: str, *, level: Level = Level.INFO) -> None:
    """Put a line on the person's timeline; what the portal does by itself is told elsewhere."""
    if session.is_for_reading:
        return
    activity.services.record(
        user_id=session.user_id,
        verb=f"session.{verb}",
        subject=("session", session.pk),
        text=text,
        level=level,
        url=reverse("sessions:session", args=[session.pk]),
    )
