"""The slots are shared fairly between people."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from demo.reana.engine.queue import next_to_begin
from demo.reana.values import Status, Workflow

ALICE, BOB, CAROL = uuid4(), uuid4(), uuid4()


def run_of(owner: UUID, name: str = "run") -> Workflow:
    return Workflow(
        id=uuid4(),
        owner=owner,
        name=name,
        run_major=1,
        run_minor=0,
        status=Status.QUEUED,
        specification={},
        parameters={},
        workspace=uuid4(),
        created=datetime.now(UTC),
        started=None,
        finished=None,
        stopped=None,
        reason="",
        isolation="",
    )


def test_a_late_run_of_somebody_without_any_goes_before_the_many_of_another() -> None:
    many = [run_of(ALICE, f"alice-{number}") for number in range(5)]
    late = run_of(BOB, "bob")

    chosen = next_to_begin([*many, late], [], slots=2)

    assert [one.name for one in chosen] == ["alice-0", "bob"]


def test_the_oldest_run_goes_first_between_equals() -> None:
    queued = [run_of(ALICE, "first"), run_of(ALICE, "second")]

    chosen = next_to_begin(queued, [], slots=1)

    assert [one.name for one in chosen] == ["first"]


def test_running_runs_count_as_a_share() -> None:
    queued = [run_of(ALICE, "alice"), run_of(BOB, "bob"), run_of(CAROL, "carol")]

    chosen = next_to_begin(queued, [run_of(ALICE), run_of(BOB)], slots=4)

    assert [one.name for one in chosen] == ["carol", "alice"]


def test_nothing_begins_where_no_slot_is_free() -> None:
    assert next_to_begin([run_of(ALICE)], [run_of(BOB)], slots=1) == []
