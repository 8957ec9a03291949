"""Work that must not be lost: steps under a lease, woken by messages and swept by the clock.

The Operation row is the truth; a Celery message only wakes it. A step is short, looks at the
backend before it creates anything there, saves what it learnt, and says whether it is done or
when to look again. A worker killed in a step costs one lease.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from celery import shared_task
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from vre_portal.config import get_config
from vre_portal.errors import PortalError
from vre_portal.models import Operation, OperationState

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
MAX_BACKOFF = 60.0
WAKE_LIMIT = 200
#: Up to this many seconds a delay is a message of its own; longer ones wait for the clock.
SHORT_DELAY = 5.0


class LeaseLost(Exception):
    """Another worker took the operation over: stop without touching anything."""


@dataclass(frozen=True, slots=True)
class Done:
    """The operation has reached its end."""


@dataclass(frozen=True, slots=True)
class Again:
    """Call the step once more in so many seconds; progress was made."""

    seconds: float = 0.0


Outcome = Done | Again
Step = Callable[[Operation], Outcome]
GiveUp = Callable[[Operation, PortalError], None]
_steps: dict[str, tuple[Step, GiveUp]] = {}
_endings: set[str] = set()
_short_leases: dict[str, float] = {}


def register(
    kind: str, step: Step, *, give_up: GiveUp, ending: bool = False, lease: float | None = None
) -> None:
    """Say which step drives a kind, and what to record when it fails for good.

    An `ending` takes something away; it goes on for suspended people, whose other work waits.
    With a short `lease`, seconds, another worker goes on so soon after a crash; a thread holds it.
    """
    _steps[kind] = (step, give_up)
    if ending:
        _endings.add(kind)
    if lease is not None:
        _short_leases[kind] = lease


def begin(
    kind: str, *, subject: uuid.UUID, user_id: object, key: str | None = None, is_new: bool = False
) -> Operation:
    """Write an operation in the caller's transaction; it starts when that is committed.

    `key` makes it idempotent: the same key returns the operation that is already there. Where that
    can't be, since the subject was made in the same transaction, `is_new` spares the look.
    """
    wanted = {"kind": kind, "subject": subject, "user_id": user_id}
    known = key or f"{kind}:{subject}"
    if is_new:
        operation, made = Operation.objects.create(key=known, **wanted), True
    else:
        operation, made = Operation.objects.get_or_create(key=known, defaults=wanted)
    if made:
        _wake(operation.pk)
    return operation


def is_ending(user_id: uuid.UUID) -> bool:
    """Whether something of a person's is still being taken away."""
    waiting = Operation.objects.filter(user_id=user_id, state=OperationState.WAITING)
    return waiting.filter(kind__in=_endings).exists()


def hold(operation: Operation) -> None:
    """Prolong the lease in the middle of a long step.

    Raises
    ------
    LeaseLost
        Somebody else has taken the operation over, or its owner is suspended.
    """
    until = timezone.now() + _lease_of(operation)
    mine = Operation.objects.filter(pk=operation.pk, lease=operation.lease)
    if not mine.filter(_may_go_on()).update(lease_until=until):
        raise LeaseLost


@contextmanager
def held(operation: Operation) -> Iterator[None]:
    """Keep the lease from another thread while a long step goes on.

    Raises
    ------
    LeaseLost
        At the end, when somebody else took the operation over meanwhile.
    """
    over, lost = threading.Event(), threading.Event()

    def keep() -> None:
        try:
            while not over.wait(_lease_of(operation).total_seconds() / 3):
                hold(operation)
        except LeaseLost:
            lost.set()
        finally:
            connection.close()

    keeper = threading.Thread(target=keep, name=f"lease of {operation.pk}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
    if lost.is_set():
        raise LeaseLost


def advance(operation_id: uuid.UUID | str) -> None:
    """Do the next step of an operation, unless somebody else is at it."""
    operation = _take(operation_id)
    if operation is None:
        return
    step, give_up = _steps[operation.kind]
    if operation.attempts > MAX_ATTEMPTS:
        # An error ends it sooner: each of these ended the worker itself.
        words = f"It ended the portal's worker each time; tell the operators {operation.pk}."
        _after_error(operation, PortalError(words), give_up)
        return
    held_here = operation.kind in _short_leases
    try:
        with held(operation) if held_here else nullcontext():
            outcome = step(operation)
    except LeaseLost:
        log.warning("operation %s: lease lost", operation)
        return
    except PortalError as exc:
        _after_error(operation, exc, give_up)
        return
    except Exception:
        log.exception("operation %s: step failed", operation)
        _after_error(operation, _unexpected(operation), give_up)
        return
    _settle(operation, outcome)


def _lease_of(operation: Operation) -> timedelta:
    longest = get_config().lease_seconds
    return timedelta(seconds=min(longest, _short_leases.get(operation.kind, longest)))


def _unexpected(operation: Operation) -> PortalError:
    error = PortalError(f"An unexpected fault; tell the operators the reference {operation.pk}.")
    error.retryable = True  # type: ignore[misc]  # a fault of ours may be over after a restart
    return error


def _free(now: datetime) -> Q:
    unleased = Q(lease_until=None) | Q(lease_until__lt=now)
    due = Q(state=OperationState.WAITING, due_at__lte=now + timedelta(milliseconds=200))
    return due & unleased & _may_go_on()


def _may_go_on() -> Q:
    """The work of somebody suspended waits, and goes on by itself when they are reinstated."""
    return Q(user__is_active=True) | Q(kind__in=_endings)


@transaction.atomic
def _take(operation_id: uuid.UUID | str) -> Operation | None:
    now = timezone.now()
    rows = Operation.objects.select_for_update(skip_locked=True, of=("self",))
    operation = rows.filter(_free(now), pk=operation_id).first()
    if operation is None:
        return None
    operation.lease = uuid.uuid4()
    operation.lease_until = now + _lease_of(operation)
    operation.attempts += 1
    operation.save(update_fields=["lease", "lease_until", "attempts"])
    return operation


def _settle(operation: Operation, outcome: Outcome) -> None:
    if isinstance(outcome, Done):
        _release(operation, state=OperationState.DONE, problem="")
        return
    due = timezone.now() + timedelta(seconds=outcome.seconds)
    if _release(operation, due_at=due, attempts=0, problem="") and outcome.seconds <= SHORT_DELAY:
        _wake(operation.pk, outcome.seconds)


def _after_error(operation: Operation, error: PortalError, give_up: GiveUp) -> None:
    log.warning("operation %s: %s (cause: %r)", operation, error.message, error.__cause__)
    if error.waits:
        due = timezone.now() + timedelta(seconds=MAX_BACKOFF)
        _release(operation, due_at=due, attempts=0, problem=error.message)
        return
    if error.retryable and operation.attempts < MAX_ATTEMPTS:
        delay = min(2.0**operation.attempts, MAX_BACKOFF)
        due = timezone.now() + timedelta(seconds=delay)
        _release(operation, due_at=due, problem=error.message)
        return
    with transaction.atomic():
        if _release(operation, state=OperationState.FAILED, problem=error.message):
            give_up(operation, error)


def _release(operation: Operation, **changes: Any) -> bool:
    """Give the lease back with changes; False when it was no longer ours."""
    mine = Operation.objects.filter(pk=operation.pk, lease=operation.lease)
    return bool(mine.update(lease=None, lease_until=None, updated_at=timezone.now(), **changes))


def _wake(operation_id: uuid.UUID, delay: float = 0.0) -> None:
    transaction.on_commit(partial(_send, str(operation_id), delay))


def _send(operation_id: str, delay: float) -> None:
    try:
        advance_task.apply_async((operation_id,), countdown=delay, retry=False)
    except (OSError, OperationalError) as exc:
        # The clock finds the row when the broker is back.
        log.warning("operation %s: not woken: %s", operation_id, exc)


@shared_task(name="portal.advance")
def advance_task(operation_id: str) -> None:
    """Wake one operation."""
    advance(operation_id)


@shared_task(name="portal.wake_operations")
def wake_operations() -> None:
    """Wake every operation that is due and that nobody holds."""
    due = Operation.objects.filter(_free(timezone.now())).order_by("due_at")
    for operation_id in due.values_list("pk", flat=True)[:WAKE_LIMIT]:
        _send(str(operation_id), 0.0)
