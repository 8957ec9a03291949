"""A session that has stopped, and turns for the worker, for the captures that start it."""

from __future__ import annotations

from django.utils import timezone

from accounts.models import User
from reproducibility.models import Capture
from reproducibility.services.captures import starting
from sessions.models import Session, SessionState
from tests.fakes.hub import FakeHub
from vre_portal import operations
from vre_portal.models import Operation, OperationState


def begun(user: User, session: Session, path: str = "zpeak") -> Capture:
    return starting.start(user, "session", {"session": str(session.pk), "path": path})


def rounds(count: int = 12) -> None:
    """Give each waiting operation a turn, so many times."""
    for _ in range(count):
        Operation.objects.update(due_at=timezone.now())
        waiting = Operation.objects.filter(state=OperationState.WAITING)
        for key in waiting.order_by("created_at").values_list("pk", flat=True):
            operations.advance(key)


def hold_before_stopping(session: Session) -> None:
    """Have all done but the stopping."""
    for _ in range(6):
        Operation.objects.exclude(kind="session.rest").update(due_at=timezone.now())
        waiting = Operation.objects.filter(state=OperationState.WAITING)
        for operation in waiting.exclude(kind="session.rest").order_by("created_at"):
            operations.advance(operation.pk)
    assert reloaded(session)[0] == SessionState.READY


def reloaded(row: Capture | Session) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.message


def reloaded_session(session: Session) -> Session:
    return Session.objects.get(pk=session.pk)


def is_at_the_hub(hub: FakeHub, session: Session) -> bool:
    return hub.state_of(session.user.handle, session.server) is not None
