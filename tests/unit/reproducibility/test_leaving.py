"""Whoever leaves has no workflow left behind: runs are stopped, and the deletion waits for that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import deletion, suspension
from accounts.models import AuditEvent, User
from reproducibility.models import Run, RunState
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish, work
from vre_portal.errors import UpstreamUnavailable


@pytest.fixture
def running(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run whose workflow is computed."""
    work(run)
    workflow_backend.run(1)
    return work(run)


def test_asking_to_be_deleted_stops_the_runs(
    alice: User, running: Run, workflow_backend: FakeWorkflows
) -> None:
    deletion.ask(alice, handle=alice.handle)

    finish(running)

    assert running.state == RunState.STOPPED
    assert workflow_backend.only().workflow.state == "stopped"
    assert AuditEvent.objects.filter(action="run.stopped", object_id=str(running.pk)).exists()


def test_an_account_is_not_deleted_before_its_runs_are_stopped(
    alice: User, running: Run, workflow_backend: FakeWorkflows
) -> None:
    alice.delete_after = timezone.now() - timedelta(minutes=1)
    alice.save()
    workflow_backend.fail_on("cancel", UpstreamUnavailable("REANA does not answer."))
    assert deletion.delete_due() == 0
    work(running)
    assert deletion.delete_due() == 0
    workflow_backend.fail_on("cancel", None)
    finish(running)

    assert deletion.delete_due() == 1

    assert workflow_backend.only().workflow.state == "stopped"


def test_a_workflow_of_somebody_suspended_goes_on_and_its_run_waits(
    alice: User, running: Run, workflow_backend: FakeWorkflows
) -> None:
    suspension.suspend(alice, reason="incident")
    workflow_backend.run()
    work(running)
    assert (running.state, running.stop_wanted) == (RunState.RUNNING, False)

    suspension.reinstate(alice)
    finish(running)

    assert running.state == RunState.FINISHED


def test_the_deletion_of_somebody_suspended_does_not_wait_for_ever(
    alice: User, running: Run
) -> None:
    suspension.suspend(alice, reason="incident")

    assert not deletion.is_ending(alice)
