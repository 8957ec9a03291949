"""A campaign is driven to its end: few at a time, each point once, whatever fails meanwhile."""

from __future__ import annotations

import pytest

from accounts.models import User
from activity.models import Event
from reproducibility.models import (
    Campaign,
    CampaignState,
    Failure,
    Kind,
    Point,
    Run,
    RunState,
)
from reproducibility.services.campaigns import driving, looking, making
from reproducibility.services.campaigns.results import Declared
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.campaigns.conftest import Make, let_run, to_its_end, turn
from vre_portal.config import get_config
from vre_portal.errors import Conflict, NotFound
from vre_portal.models import Operation

#: Turns until a point of a campaign must have ended.
MOST = 40


def test_every_point_has_one_run_and_the_table_is_whole(alice: User, make: Make) -> None:
    campaign = make(points=6)
    making.go_on(alice, campaign.pk)

    to_its_end(campaign)

    assert campaign.state == CampaignState.FINISHED
    assert campaign.message == "6 of 6 points are done, 0 failed."
    assert Run.objects.filter(kind=Kind.POINT).count() == 6
    rows = list(looking.rows_of(campaign))
    assert [row[:5] for row in rows] == [
        [n, 10 * n, "scan", 91.19, "finished"] for n in range(1, 7)
    ]
    assert looking.columns_of(campaign) == ["point", "bins", "label", "mass", "state", "seconds"]


def test_no_more_run_at_the_same_time_than_wanted(alice: User, make: Make) -> None:
    campaign = make(points=6, at_once=2)
    making.go_on(alice, campaign.pk)

    for _ in range(5):
        turn(campaign)

    assert campaign.counts() == {"running": 2, "waiting": 4}


def test_all_campaigns_of_a_person_share_what_the_site_allows(
    alice: User, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(at_once=15), make(at_once=10)
    for campaign in (first, second):
        making.go_on(alice, campaign.pk)

    monkeypatch.setenv("VRE_CAMPAIGN_RUNS", "5")
    get_config.cache_clear()
    turn(first)
    turn(second)

    assert first.counts()["running"] == 5
    assert second.counts() == {"waiting": 6}


def test_a_campaign_of_a_higher_priority_goes_first(alice: User, make: Make) -> None:
    usual, urgent = make(), make()
    for campaign in (usual, urgent):
        making.go_on(alice, campaign.pk)
    Campaign.objects.filter(pk=urgent.pk).update(priority=1)

    turn(usual)
    turn(urgent)

    assert usual.counts() == {"waiting": 6}
    assert urgent.counts()["running"] == 2


def test_points_get_their_parameters(
    alice: User, make: Make, workflow_backend: FakeWorkflows
) -> None:
    campaign = make(points=3)
    making.go_on(alice, campaign.pk)

    to_its_end(campaign)

    given = [made.parameters for made in workflow_backend.workflows.values()]
    assert sorted(each["bins"] for each in given) == [10, 20, 30]
    assert {each["label"] for each in given} == {"scan"}


def test_a_failure_of_the_analysis_is_not_tried_again(
    alice: User, make: Make, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = False
    campaign = make(points=3, at_once=3)
    making.go_on(alice, campaign.pk)
    let_run(campaign, turns=3)
    for number, made in enumerate(workflow_backend.workflows.values()):
        workflow_backend.fail_one(made, 1, f"ValueError: no convergence after {number} steps")

    to_its_end(campaign)

    assert campaign.counts() == {"failed": 3}
    assert Run.objects.count() == 3
    (group,) = looking.standing(campaign).failures
    assert (group.cause, group.count, group.first) == (Failure.STEPS, 3, 1)


def test_a_fault_of_the_service_is_tried_again(alice: User, make: Make) -> None:
    campaign = make(points=1)
    making.go_on(alice, campaign.pk)
    turn(campaign)
    Run.objects.update(state=RunState.FAILED, failure=Failure.SERVICE, message="REANA is away.")

    turn(campaign)

    point = Point.objects.get()
    assert (point.state, point.run, point.reason) == ("waiting", None, "REANA is away.")
    assert point.due_at is not None
    to_its_end(campaign)
    assert campaign.counts() == {"finished": 1}
    assert list(Run.objects.values_list("point__number", flat=True)) == [1]


def test_after_some_tries_a_fault_of_the_service_is_a_failure(alice: User, make: Make) -> None:
    campaign = make(points=1, retries=1)
    making.go_on(alice, campaign.pk)

    for _ in range(2):
        Point.objects.update(due_at=None)
        turn(campaign)
        Run.objects.update(state=RunState.FAILED, failure=Failure.SERVICE, message="Away.")
        turn(campaign)

    assert campaign.counts() == {"failed": 1}
    assert campaign.state == CampaignState.FINISHED


def test_a_quota_that_is_used_up_pauses_and_loses_nothing(alice: User, make: Make) -> None:
    campaign = make(points=3, at_once=1)
    making.go_on(alice, campaign.pk)
    turn(campaign)
    Run.objects.update(state=RunState.FAILED, failure=Failure.QUOTA, message="10 GiB are used.")

    turn(campaign)

    assert campaign.state == CampaignState.PAUSED
    assert campaign.message == "Your quota is used up: 10 GiB are used."
    assert campaign.counts() == {"waiting": 3}
    assert Event.objects.filter(verb="campaign.paused").count() == 1
    making.go_on(alice, campaign.pk)
    to_its_end(campaign)
    assert campaign.counts() == {"finished": 3}


def test_the_first_points_are_a_trial(alice: User, make: Make) -> None:
    campaign = make(points=6, first=2)
    making.go_on(alice, campaign.pk)

    to_its_end(campaign)

    assert campaign.state == CampaignState.PAUSED
    assert campaign.counts() == {"finished": 2, "waiting": 4}
    assert campaign.message.startswith("The first 2 points are done.")
    making.go_on(alice, campaign.pk)
    to_its_end(campaign)
    assert campaign.counts() == {"finished": 6}


def test_a_pause_within_the_trial_does_not_skip_it(alice: User, make: Make) -> None:
    campaign = make(points=6, first=3)
    making.go_on(alice, campaign.pk)
    turn(campaign)
    making.pause(alice, campaign.pk)
    to_its_end(campaign)

    making.go_on(alice, campaign.pk)
    to_its_end(campaign)

    assert campaign.counts() == {"finished": 3, "waiting": 3}


def test_a_pause_starts_nothing_and_lets_go_on_what_runs(alice: User, make: Make) -> None:
    campaign = make(points=6)
    making.go_on(alice, campaign.pk)
    turn(campaign)

    making.pause(alice, campaign.pk)
    to_its_end(campaign)

    assert campaign.state == CampaignState.PAUSED
    assert campaign.counts() == {"finished": 2, "waiting": 4}


def test_a_cancelled_campaign_stops_its_runs_and_keeps_what_is_done(
    alice: User, make: Make, workflow_backend: FakeWorkflows
) -> None:
    campaign = make(points=6)
    making.go_on(alice, campaign.pk)
    for _ in range(MOST):
        let_run(campaign)
        if campaign.counts().get("finished"):
            break
    turn(campaign)

    making.cancel(alice, campaign.pk)
    to_its_end(campaign)

    counts = campaign.counts()
    assert campaign.state == CampaignState.CANCELLED
    assert counts["finished"] >= 1
    assert counts["cancelled"] == 6 - counts["finished"]
    assert not Run.objects.active().exists()


def test_those_that_failed_are_run_again(
    alice: User, make: Make, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = False
    campaign = make(points=2, at_once=2)
    making.go_on(alice, campaign.pk)
    let_run(campaign, turns=3)
    first, second = workflow_backend.workflows.values()
    workflow_backend.fail_one(first, 1, "no convergence")
    workflow_backend.run_one(second)
    to_its_end(campaign)
    assert campaign.counts() == {"failed": 1, "finished": 1}

    workflow_backend.runs_by_itself = True
    making.retry_failed(alice, campaign.pk)
    to_its_end(campaign)

    assert campaign.counts() == {"finished": 2}
    assert Run.objects.count() == 2


def test_a_result_that_is_not_there_says_why(alice: User, make: Make) -> None:
    absent = [Declared("chi2", "results/fit.json", "chi2"), Declared("n", "results/n.csv", "n[0]")]
    campaign = make(points=1, results=absent)
    making.go_on(alice, campaign.pk)

    to_its_end(campaign)

    results = Point.objects.get().results
    assert results["chi2"] == {"problem": "There is no chi2 in results/fit.json."}
    assert results["n"] == {"problem": "The run gave no results/n.csv."}


def test_a_worker_that_died_leaves_nothing_twice(alice: User, make: Make) -> None:
    campaign = make(points=4, at_once=4)
    making.go_on(alice, campaign.pk)
    operation = Operation.objects.get(subject=campaign.pk)

    for _ in range(3):  # as three workers would that all believe to be the only one
        driving.step(operation)

    assert Run.objects.count() == 4
    assert campaign.counts() == {"running": 4}


def test_the_runs_of_a_campaign_are_one_line_of_news(alice: User, make: Make) -> None:
    campaign = make(points=3)
    making.go_on(alice, campaign.pk)

    to_its_end(campaign)

    verbs = Event.objects.filter(user_id=alice.pk).values_list("verb", flat=True)
    assert list(verbs) == ["campaign.finished"]


@pytest.mark.parametrize("act", [making.go_on, making.pause, making.cancel, making.retry_failed])
def test_others_do_nothing_with_it(act: making.Act, bob: User, make: Make) -> None:
    campaign = make()

    with pytest.raises(NotFound):
        act(bob, campaign.pk)


def test_what_does_not_fit_its_state_is_refused(alice: User, make: Make) -> None:
    campaign = make()

    for act in (making.pause, making.retry_failed):
        with pytest.raises(Conflict):
            act(alice, campaign.pk)
    making.go_on(alice, campaign.pk)
    for act in (making.go_on, making.retry_failed):
        with pytest.raises(Conflict):
            act(alice, campaign.pk)
    with pytest.raises(Conflict, match="Cancel it first"):
        making.delete(alice, campaign.pk)
