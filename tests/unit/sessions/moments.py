"""The moment in which something else happens: between two statements, or the worker's last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.db import connection
from django.utils import timezone

from sessions.models import Session
from vre_portal import operations
from vre_portal.models import Operation, OperationState

NEW_OPERATION = 'INSERT INTO "portal_operation"'


class Killed(BaseException):
    """The worker is gone."""


def die() -> NoReturn:
    """Be killed."""
    raise Killed


@contextmanager
def before(sql: str, act: Callable[[], object]) -> Iterator[None]:
    """Act once, right before the first statement that contains this is sent to the database."""
    waiting = [act]

    def look(
        execute: Callable[..., Any], statement: str, params: Any, many: bool, context: Any
    ) -> Any:
        if waiting and sql in statement:
            waiting.pop()()
        return execute(statement, params, many, context)

    with connection.execute_wrapper(look):
        yield
    assert not waiting, f"nobody sent {sql}"


def of_kind(kind: str) -> Operation:
    """Return the waiting operation of a kind."""
    return Operation.objects.get(kind=kind, state=OperationState.WAITING)


def step(kind: str) -> None:
    """Give the waiting operation of a kind one turn."""
    operation = of_kind(kind)
    Operation.objects.filter(pk=operation.pk).update(due_at=timezone.now())
    operations.advance(operation.pk)


def free_leases() -> None:
    """Let the leases of a worker that was killed run out."""
    Operation.objects.update(lease=None, lease_until=None)


def reloaded(session: Session) -> Session:
    """Return the session as its row is now."""
    return Session.objects.get(pk=session.pk)
