"""Operations: done once, taken over after a crash, given up with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from demo.process import wait_until
from tests.factories import make_user
from vre_portal import operations
from vre_portal.errors import Conflict, PortalError, UpstreamUnavailable
from vre_portal.models import Operation
from vre_portal.operations import Again, Done


class Work:
    """A kind of operation whose steps are listed, and which remembers what happened."""

    def __init__(self) -> None:
        self.outcomes: list[operations.Outcome | Exception | Callable[[Operation], None]] = []
        self.calls = 0
        self.given_up: list[PortalError] = []

    def step(self, operation: Operation) -> operations.Outcome:
        self.calls += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        if callable(outcome):
            outcome(operation)
            return Done()
        return outcome

    def give_up(self, operation: Operation, error: PortalError) -> None:
        self.given_up.append(error)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    made = Work()
    monkeypatch.setitem(operations._steps, "test", (made.step, made.give_up))
    return made


def begin(user: User, key: str | None = None) -> Operation:
    return operations.begin("test", subject=uuid.uuid4(), user_id=user.pk, key=key)


def test_a_step_that_is_done_ends_the_operation(alice: User, work: Work) -> None:
    operation = begin(alice)
    work.outcomes = [Done()]

    operations.advance(operation.pk)
    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert (operation.state, work.calls) == ("done", 1)


def test_the_same_key_begins_once(alice: User, work: Work) -> None:
    first, second = begin(alice, "k"), begin(alice, "k")

    assert first.pk == second.pk


def test_nothing_begins_when_the_transaction_fails(alice: User, work: Work) -> None:
    with transaction.atomic():
        begin(alice)
        transaction.set_rollback(True)

    assert not Operation.objects.exists()


def test_a_step_may_ask_to_be_called_later(alice: User, work: Work) -> None:
    operation = begin(alice)
    work.outcomes = [Again(60), Done()]

    operations.advance(operation.pk)
    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert (operation.state, work.calls) == ("waiting", 1)
    assert operation.due_at > timezone.now() + timedelta(seconds=50)


def test_a_held_operation_is_left_alone(alice: User, work: Work) -> None:
    operation = begin(alice)
    work.outcomes = [lambda inner: operations.advance(inner.pk)]

    operations.advance(operation.pk)

    assert work.calls == 1


def test_after_a_crash_the_lease_ends_and_another_takes_over(alice: User, work: Work) -> None:
    operation = begin(alice)
    work.outcomes = [Done()]
    dead = timezone.now() - timedelta(seconds=1)
    Operation.objects.update(lease=uuid.uuid4(), lease_until=dead, attempts=1)

    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert operation.state == "done"


def test_what_ends_the_worker_each_time_is_given_up(alice: User, work: Work) -> None:
    operation = begin(alice)
    dead = timezone.now() - timedelta(seconds=1)
    killed = {"lease": uuid.uuid4(), "lease_until": dead, "attempts": operations.MAX_ATTEMPTS}
    Operation.objects.update(**killed)

    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert work.calls == 0
    assert operation.state == "failed"
    assert "ended the portal's worker each time" in operation.problem


def test_who_lost_the_lease_changes_nothing(alice: User, work: Work) -> None:
    operation = begin(alice)

    def robbed(inner: Operation) -> None:
        Operation.objects.update(lease=uuid.uuid4())

    work.outcomes = [robbed]

    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert operation.state == "waiting"


def test_holding_prolongs_the_lease_or_says_that_it_is_lost(alice: User, work: Work) -> None:
    operation = begin(alice)
    Operation.objects.update(lease=uuid.uuid4(), lease_until=timezone.now())
    operation.refresh_from_db()

    operations.hold(operation)
    Operation.objects.update(lease=uuid.uuid4())

    held = Operation.objects.get().lease_until
    assert held is not None
    assert held > timezone.now()
    with pytest.raises(operations.LeaseLost):
        operations.hold(operation)


@pytest.mark.django_db(transaction=True)
def test_a_short_lease_is_kept_by_a_thread_and_ends_soon_after_a_crash(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(operations._short_leases, "test", 0.3)
    operation = begin(make_user("anna"))
    taken: list[datetime | None] = []

    def lease() -> datetime | None:
        return Operation.objects.get(pk=operation.pk).lease_until

    def long_step(_operation: Operation) -> None:
        taken.append(lease())
        assert wait_until(lambda: lease() != taken[0], 5)
        operations.advance(operation.pk)

    work.outcomes = [long_step]
    began = timezone.now()

    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert taken[0] is not None
    assert taken[0] < began + timedelta(seconds=2)
    assert (operation.state, work.calls) == ("done", 1)


def test_a_retryable_error_is_tried_again_later(alice: User, work: Work) -> None:
    operation = begin(alice)
    work.outcomes = [UpstreamUnavailable("Rucio does not answer.")]

    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert (operation.state, operation.problem) == ("waiting", "Rucio does not answer.")
    assert operation.due_at > timezone.now()


def test_other_errors_end_it_with_the_reason(alice: User, work: Work) -> None:
    operation = begin(alice)
    work.outcomes = [Conflict("It exists.")]

    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert operation.state == "failed"
    assert [error.message for error in work.given_up] == ["It exists."]


def test_an_error_that_never_ends_is_given_up(alice: User, work: Work) -> None:
    operation = begin(alice)
    Operation.objects.update(attempts=operations.MAX_ATTEMPTS - 1)
    work.outcomes = [UpstreamUnavailable("Rucio does not answer.")]

    operations.advance(operation.pk)

    assert len(work.given_up) == 1


def test_a_fault_of_ours_never_shows_its_text(alice: User, work: Work) -> None:
    operation = begin(alice)
    work.outcomes = [KeyError("secret detail")]

    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert "secret detail" not in operation.problem
    assert str(operation.pk) in operation.problem
