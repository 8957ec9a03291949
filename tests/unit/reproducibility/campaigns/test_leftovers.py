"""Runs that points give back go, with what they have at the service, whatever fails meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import deletion
from accounts.models import AuditEvent, User
from activity.models import Event
from reproducibility.backends import WorkflowState
from reproducibility.models import Campaign, Point, Registration, Run
from reproducibility.services import staging
from reproducibility.services.campaigns import leftovers, making
from tests.fakes.workflows import FakeWorkflows, Killed
from tests.unit.reproducibility.campaigns.conftest import Make, let_run, to_its_end, turn
from vre_portal.errors import Conflict, CredentialExpired, Forbidden, UpstreamUnavailable
from vre_portal.models import Operation, OperationState

AWAY = UpstreamUnavailable("REANA does not answer.", service="reana")

Done = Callable[..., Campaign]


@pytest.fixture
def done(alice: User, make: Make) -> Done:
    """Return how a campaign is run to its end."""

    def ended(points: int = 2) -> Campaign:
        campaign = make(points=points, at_once=points)
        making.go_on(alice, campaign.pk)
        return to_its_end(campaign)

    return ended


def sweep(campaign: Campaign, turns: int = 3) -> None:
    """Give the worker turns at what a campaign left, which may be gone itself."""
    for _ in range(turns):
        try:
            turn(campaign)
        except Campaign.DoesNotExist:
            continue


def alive(service: FakeWorkflows) -> int:
    """Return how many workflows the service has still."""
    return sum(
        one.workflow.state is not WorkflowState.DELETED for one in service.workflows.values()
    )


def test_a_deleted_campaign_leaves_no_workflow_behind(
    alice: User, done: Done, workflow_backend: FakeWorkflows
) -> None:
    campaign = done()

    making.delete(alice, campaign.pk)

    assert not Campaign.objects.exists()
    assert not Point.objects.exists()
    assert alive(workflow_backend) == 2
    sweep(campaign)
    assert alive(workflow_backend) == 0
    assert not any(one.files for one in workflow_backend.workflows.values())
    assert not Run.objects.exists()
    told = AuditEvent.objects.get(action="campaign.deleted").detail
    assert told == {"title": "Bins", "runs": 2}


def test_one_turn_takes_a_few(
    alice: User, done: Done, workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "TURN", 2)
    campaign = done(points=5)
    making.delete(alice, campaign.pk)

    left = []
    for _ in range(3):
        sweep(campaign, turns=1)
        left.append(alive(workflow_backend))

    assert left == [3, 1, 0]


def test_a_worker_that_is_killed_loses_nothing(
    alice: User, done: Done, workflow_backend: FakeWorkflows
) -> None:
    campaign = done(points=3)
    making.delete(alice, campaign.pk)
    workflow_backend.kill_after("delete", 2)
    with pytest.raises(Killed):
        turn(campaign)
    assert (alive(workflow_backend), Run.objects.count()) == (1, 2)

    sweep(campaign)

    assert (alive(workflow_backend), Run.objects.count()) == (0, 0)


@pytest.mark.parametrize("fault", [AWAY, CredentialExpired("Sign in again.", provider="escape")])
def test_what_is_over_later_is_waited_for(
    alice: User, done: Done, workflow_backend: FakeWorkflows, fault: Exception
) -> None:
    campaign = done()
    making.delete(alice, campaign.pk)
    workflow_backend.failures["delete"] = fault  # type: ignore[assignment]  # both are PortalErrors
    sweep(campaign, turns=12)
    assert Run.objects.count() == 2

    workflow_backend.fail_on("delete", None)
    sweep(campaign)

    assert alive(workflow_backend) == 0


def test_what_the_service_refuses_is_told_and_taken_along_with_the_next(
    alice: User, done: Done, workflow_backend: FakeWorkflows
) -> None:
    first = done()
    making.delete(alice, first.pk)
    workflow_backend.fail_on("delete", Forbidden("REANA says: no.", service="reana"))

    sweep(first)

    told = Event.objects.get(verb="campaign.left-behind")
    assert told.text.startswith("Files of 2 points could not be deleted")
    assert told.text.endswith("REANA says: no.")
    assert Operation.objects.get(kind=leftovers.KIND).state == OperationState.FAILED
    workflow_backend.fail_on("delete", None)
    second = done()
    making.delete(alice, second.pk)
    sweep(second)
    assert not Run.objects.exists()
    assert alive(workflow_backend) == 0


def test_a_workflow_that_still_runs_is_stopped_first(
    alice: User, done: Done, workflow_backend: FakeWorkflows
) -> None:
    campaign = done(points=1)
    workflow_backend.only().turn(WorkflowState.RUNNING)  # somebody restarted it at the service
    workflow_backend.runs_by_itself = False
    making.delete(alice, campaign.pk)

    sweep(campaign)

    assert alive(workflow_backend) == 0


def test_files_that_are_being_registered_stay_until_they_are(
    alice: User, done: Done, workflow_backend: FakeWorkflows
) -> None:
    campaign = done()
    kept = Run.objects.earliest("created_at")
    row = Registration.objects.create(run=kept, user=alice, scope="user.alice", name="fit")
    making.delete(alice, campaign.pk)
    sweep(campaign)
    assert list(Run.objects.all()) == [kept]

    Registration.objects.filter(pk=row.pk).update(state="done")
    sweep(campaign)

    assert not Run.objects.exists()
    assert alive(workflow_backend) == 0


def test_a_campaign_whose_table_is_being_registered_is_not_deleted(alice: User, done: Done) -> None:
    campaign = done()
    campaign.registrations.create(user=alice, scope="user.alice", name="table")

    with pytest.raises(Conflict, match="being registered"):
        making.delete(alice, campaign.pk)

    assert Campaign.objects.exists()


def test_points_that_are_tried_again_leave_no_workflow_behind(
    alice: User, make: Make, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = False
    campaign = make(points=1)
    making.go_on(alice, campaign.pk)
    let_run(campaign, turns=3)
    workflow_backend.fail_step(1, "no convergence")
    to_its_end(campaign)
    workflow_backend.runs_by_itself = True

    making.retry_failed(alice, campaign.pk)
    to_its_end(campaign)

    assert campaign.counts() == {"finished": 1}
    assert Run.objects.count() == 1
    assert alive(workflow_backend) == 1


def test_an_account_waits_for_what_was_deleted_before(
    alice: User, done: Done, workflow_backend: FakeWorkflows
) -> None:
    campaign = done()
    making.delete(alice, campaign.pk)
    alice.delete_after = timezone.now() - timedelta(minutes=1)
    alice.save()
    assert deletion.delete_due() == 0

    sweep(campaign)

    assert alive(workflow_backend) == 0
    assert deletion.delete_due() == 1


def test_what_a_run_had_on_this_machine_goes_too(alice: User, done: Done) -> None:
    campaign = done(points=1)
    folder = staging.work_folder(Run.objects.get())
    folder.mkdir(parents=True)
    making.delete(alice, campaign.pk)

    sweep(campaign)

    assert not folder.exists()
