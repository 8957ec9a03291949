"""One call tells of all runs of a person, however many there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.credentials import Credential
from accounts.models import User
from reproducibility import services
from reproducibility.backends import WorkflowState
from reproducibility.models import Analysis, Run, RunState
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish, operation_of, work
from vre_portal import operations
from vre_portal.models import Operation

RUNS = 7


@pytest.fixture
def started(alice: User, analysis: Analysis) -> list[Run]:
    """Several runs that the service has taken."""
    return [work(services.start_run(alice, analysis)) for _ in range(RUNS)]


def test_one_list_call_tells_of_all_runs(
    started: list[Run], workflow_backend: FakeWorkflows
) -> None:
    cache.delete(f"runs-seen:{started[0].user_id}")
    before = workflow_backend.calls["list_workflows"]

    for run in started:
        due_again(run)
        operations.advance(operation_of(run).pk)

    assert workflow_backend.calls["list_workflows"] == before + 1
    assert workflow_backend.calls["get"] == 0


def test_the_log_of_a_job_that_goes_on_is_not_read_at_every_look(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.run(1)
    work(run, 2)
    before = workflow_backend.calls["logs"]

    work(run, 3)

    assert workflow_backend.calls["logs"] == before


def test_a_restart_by_another_client_is_not_what_is_followed(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.run(1)
    who = Credential(run.user_id, run.user.handle, "reana", "token", datetime.now(UTC))
    other = workflow_backend.create(
        replace(who, account=workflow_backend.only().owner), run.remote_name, {"workflow": {}}
    )

    work(run)

    run.refresh_from_db()
    assert run.workflow_id != other.id
    assert run.state == RunState.RUNNING


def test_a_run_that_was_deleted_at_the_service_says_so(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.workflows.clear()

    finish(run)

    assert run.state == RunState.FAILED
    assert "deleted at the service" in run.message


def test_a_run_whose_workflow_is_marked_as_deleted_says_so(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.only().turn(WorkflowState.DELETED)

    finish(run)

    assert run.state == RunState.FAILED
    assert "deleted at the service" in run.message


def due_again(run: Run) -> None:
    """Let the operation be due, with the last look kept."""
    Operation.objects.filter(subject=run.pk).update(due_at=timezone.now(), lease=None)


def test_a_run_that_started_after_a_look_waits_for_the_next_one(
    alice: User, analysis: Analysis, started: list[Run], workflow_backend: FakeWorkflows
) -> None:
    due_again(started[0])
    operations.advance(operation_of(started[0]).pk)
    newest = services.start_run(alice, analysis)
    operations.advance(operation_of(newest).pk)
    before = workflow_backend.calls.copy()

    due_again(newest)
    operations.advance(operation_of(newest).pk)

    newest.refresh_from_db()
    assert newest.state == RunState.QUEUED
    assert workflow_backend.calls == before


def test_the_log_of_a_run_that_still_waits_is_not_read(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run, 3)

    assert workflow_backend.calls["logs"] == 0
