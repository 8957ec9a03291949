"""The worker killed right after any call to a service: the next one goes on, and nothing twice."""

from __future__ import annotations

import uuid

import pytest

from accounts.models import User
from activity.models import Event
from reproducibility import services
from reproducibility.models import Run, RunState
from reproducibility.services import turns
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflows import FakeWorkflows, Killed
from tests.unit.reproducibility.conftest import RECORDED, finish, operation_of, work
from vre_portal.models import Operation
from vre_portal.operations import LeaseLost

#: Files: reana.yaml, code/fit.py and two inputs.
UPLOADS = [("upload", call) for call in (1, 2, 3)]
CALLS = [
    ("find", 1), ("create", 1), ("list_files", 1), *UPLOADS, ("start", 1), ("environment", 1),
    ("list_workflows", 1), ("logs", 1), ("download", 1), ("download", 2),
]  # fmt: skip


def until_killed(run: Run) -> None:
    """Give the worker turns until it is killed."""
    with pytest.raises(Killed):
        finish(run)


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_a_worker_killed_after_a_call_costs_nothing_but_time(
    run: Run, workflow_backend: FakeWorkflows, method: str, call: int
) -> None:
    workflow_backend.runs_by_itself = True
    workflow_backend.kill_after(method, call)

    until_killed(run)
    held = operation_of(run).lease
    finish(run)

    assert held is not None
    assert run.state == RunState.FINISHED
    assert workflow_backend.calls["create"] == 1
    assert workflow_backend.only().starts == 1
    assert workflow_backend.only().files.items() >= RECORDED.items()
    assert run.verdict is not None
    assert run.verdict["level"] == "bit-identical"
    assert Event.objects.filter(verb="run.finished").count() == 1
    assert run.outputs.count() == len(RECORDED)


def test_what_was_uploaded_is_not_sent_again(run: Run, workflow_backend: FakeWorkflows) -> None:
    workflow_backend.runs_by_itself = True
    workflow_backend.kill_after("upload", 2)

    until_killed(run)
    finish(run)

    assert workflow_backend.calls["upload"] == 3


def test_inputs_that_are_here_are_not_fetched_again(
    run: Run, workflow_backend: FakeWorkflows, data_backend: FakeDataBackend
) -> None:
    workflow_backend.kill_after("create")

    until_killed(run)
    work(run)

    assert data_backend.calls["download"] == 1


def test_once_started_inputs_are_not_needed_any_more(
    run: Run, workflow_backend: FakeWorkflows, data_backend: FakeDataBackend
) -> None:
    workflow_backend.kill_after("start")
    until_killed(run)
    data_backend.files.clear()

    work(run)

    assert run.state == RunState.QUEUED
    assert run.workflow_id == workflow_backend.only().workflow.id


@pytest.mark.parametrize("method", ["get", "cancel"])
def test_a_worker_killed_while_stopping_stops_once(
    alice: User, run: Run, workflow_backend: FakeWorkflows, method: str
) -> None:
    work(run)
    workflow_backend.run(1)
    services.stop_run(alice, run.pk)
    workflow_backend.kill_after(method, workflow_backend.calls[method] + 1)

    until_killed(run)
    finish(run)

    assert run.state == RunState.STOPPED
    assert workflow_backend.only().workflow.state == "stopped"
    assert Event.objects.filter(verb="run.stopped").count() == 1


def test_a_worker_that_was_thought_dead_writes_nothing(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    stale = operation_of(run)
    stale.lease = uuid.uuid4()
    old = Run.objects.select_related("analysis", "user").get(pk=run.pk)
    finish(run)

    with pytest.raises(LeaseLost):
        turns.Turn(stale, old).save(state=RunState.QUEUED)
    with pytest.raises(LeaseLost):
        turns.Turn(stale, old).end(RunState.FAILED, "too late")

    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    assert not Event.objects.filter(verb="run.failed").exists()


def test_a_lease_lost_in_the_middle_leaves_the_run_to_the_other(
    run: Run, workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow_backend.runs_by_itself = True
    create = workflow_backend.create

    def robbed(*args: object) -> object:
        made = create(*args)  # type: ignore[arg-type]
        Operation.objects.update(lease=uuid.uuid4())
        return made

    monkeypatch.setattr(workflow_backend, "create", robbed)
    work(run)
    between = run.workflow_id
    monkeypatch.undo()

    finish(run)

    assert between == ""
    assert run.state == RunState.FINISHED
    assert workflow_backend.only().starts == 1
