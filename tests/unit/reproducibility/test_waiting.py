"""A run waits for what only its person can do, says so, and goes on by itself."""

from __future__ import annotations

from reproducibility.models import Run, RunState
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish, work
from vre_portal.errors import TokenWanted, UpstreamRefused

WANTED = TokenWanted("REANA does not know your token any more. Paste a new one.", service="reana")


def test_a_run_waits_for_a_new_token_and_goes_on(run: Run, workflow_backend: FakeWorkflows) -> None:
    work(run)
    with workflow_backend.down(WANTED):
        work(run, 5)
        waiting = run.message
    workflow_backend.runs_by_itself = True

    finish(run)

    assert waiting == f"Waiting for you: {WANTED.message}"
    assert run.state == RunState.FINISHED
    assert workflow_backend.only().starts == 1


def test_a_refused_input_leaves_no_workflow_behind(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    refused = UpstreamRefused("REANA says: no more room.", service="reana")
    workflow_backend.fail_on("upload", refused)

    finish(run)

    assert (run.state, run.message) == (RunState.FAILED, "REANA says: no more room.")
    assert workflow_backend.only().workflow.state == "deleted"
