"""Stopping a run in each of its states."""

from __future__ import annotations

import pytest

from accounts.models import User
from activity.models import Event
from data_mgmt.backends import get_backend as get_data_backend
from reproducibility import services
from reproducibility.models import Run, RunState
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish, work
from vre_portal.errors import Conflict


def states_of(run: Run) -> set[str]:
    return {entry["state"] for entry in run.steps}


def test_a_run_stopped_before_any_work_makes_no_workflow(
    alice: User, run: Run, workflow_backend: FakeWorkflows, data_backend: FakeDataBackend
) -> None:
    services.stop_run(alice, run.pk)

    finish(run)

    assert (run.state, run.message) == (RunState.STOPPED, "Stopped by you.")
    assert not workflow_backend.workflows
    assert data_backend.calls["download"] == 0
    assert states_of(run) == {"skipped"}


@pytest.mark.parametrize("method", ["download", "list_files"])
def test_a_stop_while_the_inputs_are_on_their_way_is_heard(
    run: Run, workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    fake = workflow_backend if method == "list_files" else get_data_backend()
    real = getattr(fake, method)

    def stop_meanwhile(*args: object) -> object:
        Run.objects.update(stop_wanted=True)
        return real(*args)

    monkeypatch.setattr(fake, method, stop_meanwhile)
    finish(run)

    assert run.state == RunState.STOPPED
    assert workflow_backend.only().workflow.state == "deleted"
    assert workflow_backend.calls["start"] == 0


@pytest.mark.parametrize(
    ("running", "left"), [(False, "deleted"), (True, "stopped")], ids=["queued", "running"]
)
def test_a_stop_reaches_the_workflow(
    alice: User, run: Run, workflow_backend: FakeWorkflows, running: bool, left: str
) -> None:
    work(run)
    if running:
        workflow_backend.run(1)
        work(run)
    services.stop_run(alice, run.pk)

    finish(run)

    assert run.state == RunState.STOPPED
    assert workflow_backend.only().workflow.state == left
    assert Event.objects.filter(verb="run.stopped").count() == 1


def test_a_stop_while_comparing_gives_no_verdict(
    alice: User, run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.run()
    work(run)
    services.stop_run(alice, run.pk)

    finish(run)

    assert (run.state, run.verdict) == (RunState.STOPPED, None)


def test_a_workflow_that_moves_on_between_look_and_order_is_stopped_all_the_same(
    alice: User, run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    services.stop_run(alice, run.pk)
    workflow_backend.fail_on("cancel", Conflict("It is running."))
    work(run)
    between = run.state
    workflow_backend.fail_on("cancel", None)

    finish(run)

    assert between == RunState.QUEUED
    assert run.state == RunState.STOPPED


def test_an_ended_run_can_not_be_stopped(
    alice: User, run: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    finish(run)

    with pytest.raises(Conflict, match="finished already"):
        services.stop_run(alice, run.pk)

    run.refresh_from_db()
    assert run.message == "2 of 2 outputs bit-identical."
