"""What others do at the service while a run is compared is no verdict, and no other's workflow."""

from __future__ import annotations

import pytest

from accounts.models import User
from reproducibility import services
from reproducibility.backends import StepLog, WorkflowLogs, WorkflowState
from reproducibility.models import Analysis, RecordedOutput, Run, RunState, SignedVerdict
from reproducibility.services import progress, staging
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish, operation_of, work
from vre_portal.errors import NotFound


def comparing(run: Run, workflow_backend: FakeWorkflows) -> Run:
    work(run)
    workflow_backend.run()
    return work(run)


def test_a_workflow_that_is_gone_is_not_called_missing(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    comparing(run, workflow_backend)
    workflow_backend.only().files.clear()
    workflow_backend.only().turn(WorkflowState.DELETED)

    finish(run)

    assert run.state == RunState.FAILED
    assert "deleted at the service" in run.message
    assert not SignedVerdict.objects.exists()


def test_without_recorded_outputs_there_is_no_verdict(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    RecordedOutput.objects.all().delete()

    finish(comparing(run, workflow_backend))

    assert (run.state, run.verdict) == (RunState.FINISHED, None)
    assert run.message == "All steps are done. No output was recorded to compare with."


def test_the_folder_of_a_run_whose_end_was_cut_off_is_removed(run: Run) -> None:
    Run.objects.update(state=RunState.FINISHED)
    staging.work_folder(run).mkdir(parents=True)

    work(run)

    assert not staging.work_folder(run).exists()
    assert operation_of(run).state == "done"


def test_a_withdrawn_analysis_is_not_run_again_by_others(
    bob: User, analysis: Analysis, alice: User
) -> None:
    run = services.start_run(bob, analysis)
    Analysis.objects.update(published=False, owner=alice)

    with pytest.raises(NotFound):
        services.again(bob, run.pk)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (("failed", "finished"), "failed"),
        (("running", "finished"), "running"),
        (("finished", "finished"), "done"),
    ],
)
def test_a_step_is_as_bad_as_its_worst_job(states: tuple[str, ...], told: str) -> None:
    jobs = tuple(StepLog("fit", WorkflowState(state), "true", "") for state in states)
    steps = [{"name": each, "state": "waiting", "started": None, "seconds": None}
             for each in ("inputs", "fit", "compare")]  # fmt: skip

    merged = progress.merged(steps, WorkflowLogs("", jobs))

    assert merged[1]["state"] == told
