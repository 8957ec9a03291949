"""What is changed of a campaign, how lists show it, and which notices tell of it."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from activity.services.kinds import BY_VERB
from reproducibility.models import Analysis, Campaign, CampaignState, Point, PointState
from reproducibility.points import plans
from reproducibility.points.plans import Plan, Way
from reproducibility.services.campaigns import making, sources
from reproducibility.services.parameters import parameters_of
from tests.factories import sign_in
from tests.unit.reproducibility.campaigns.conftest import Make, to_its_end, turn
from vre_portal.errors import Conflict, InvalidRequest, NotFound

JSON = "application/json"


@pytest.fixture
def browser(alice: User, client: Client) -> Client:
    """Alice's browser."""
    sign_in(client, alice)
    return client


def test_more_at_a_time_start_while_it_goes_on(alice: User, make: Make) -> None:
    campaign = make(points=6, at_once=1)
    making.go_on(alice, campaign.pk)
    turn(campaign)

    making.change(alice, campaign.pk, at_once=4)
    for _ in range(4):
        turn(campaign)

    assert campaign.counts() == {"running": 4, "waiting": 2}
    told = AuditEvent.objects.get(action="campaign.changed")
    assert (told.actor, told.detail) == (alice.pk, {"at_once": 4})


@pytest.mark.parametrize("wrong", [{"at_once": 0}, {"at_once": 999}, {"priority": 101}])
def test_numbers_out_of_bounds_are_refused(alice: User, make: Make, wrong: dict[str, int]) -> None:
    campaign = make()

    with pytest.raises(InvalidRequest):
        making.change(alice, campaign.pk, **wrong)


def test_what_has_ended_is_not_changed(alice: User, make: Make) -> None:
    campaign = make(points=1)
    making.go_on(alice, campaign.pk)
    to_its_end(campaign)

    with pytest.raises(Conflict, match="has ended"):
        making.change(alice, campaign.pk, priority=1)


def test_others_change_nothing(bob: User, make: Make) -> None:
    campaign = make()

    with pytest.raises(NotFound):
        making.change(bob, campaign.pk, priority=1)


def test_it_is_changed_on_its_page_and_by_the_api(browser: Client, make: Make) -> None:
    campaign = make()
    base = f"/campaigns/{campaign.pk}"
    assert "How it goes on" in browser.get(base).content.decode()

    browser.post(f"{base}/change", {"at_once": "3", "priority": "10"})
    campaign.refresh_from_db()
    assert (campaign.at_once, campaign.priority) == (3, 10)
    answer = browser.patch(f"/api/v1{base}", {"priority": -7}, JSON)

    assert (answer.json()["at_once"], answer.json()["priority"]) == (3, -7)
    assert '<option value="-7" selected>-7' in browser.get(base).content.decode()
    refused = browser.post(f"{base}/change", {"at_once": "0", "priority": "10"}, follow=True)
    assert "Runs at the same time" in refused.content.decode()


def test_the_list_tells_how_far_each_is_and_which_go_first(browser: Client, make: Make) -> None:
    campaign = make(points=4, title="Urgent", priority=10)
    Point.objects.filter(number__lte=2).update(state=PointState.FINISHED)
    Point.objects.filter(number=3).update(state=PointState.FAILED)
    make(title="Usual")

    page = browser.get("/campaigns/").content.decode()

    assert "4 points, 1 failed" in page
    assert page.count("high priority") == 1
    assert page.count("<progress") == 1
    assert f"/campaigns/{campaign.pk}" in page


def test_the_list_shows_those_in_one_state(browser: Client, make: Make) -> None:
    make(title="Written down")
    paused = make(title="Interrupted")
    Campaign.objects.filter(pk=paused.pk).update(state=CampaignState.PAUSED)

    page = browser.get("/campaigns/?state=paused").content.decode()

    assert "Interrupted" in page
    assert "Written down" not in page
    items = browser.get("/api/v1/campaigns?state=draft").json()["items"]
    assert [each["title"] for each in items] == ["Written down"]
    assert "No campaign in this state" in browser.get("/campaigns/?state=x").content.decode()


def test_a_first_visit_says_what_campaigns_are(browser: Client) -> None:
    page = browser.get("/campaigns/").content.decode()

    assert "choose Scan parameters" in page
    assert "?state=" not in page


@pytest.mark.parametrize("points", [0, 2])
def test_a_deletion_tells_what_goes_and_that_it_is_for_good(
    browser: Client, alice: User, make: Make, points: int
) -> None:
    campaign = make(points=2)
    if points:
        making.go_on(alice, campaign.pk)
        to_its_end(campaign)

    page = browser.get(f"/campaigns/{campaign.pk}").content.decode()

    assert ("its 2 runs and all their files at REANA" in page) is bool(points)
    assert "can not be undone" in page
    browser.post(f"/campaigns/{campaign.pk}/delete")
    assert not Campaign.objects.exists()


@pytest.mark.parametrize("way", list(Way))
def test_points_can_be_made_again_of_what_is_kept(analysis: Analysis, way: Way) -> None:
    version = analysis.newest
    low = "uniform 60:80" if way.by_chance else "60, 70, 80"
    fields = {"bins": "10, 20, 30", "low": low, "label": " "}
    brought = sources.from_plan(version, Plan(way, fields, points=3, seed=7))

    kept = dict(brought.source)
    plan = Plan(Way(kept.pop("kind")), **kept)
    assert plans.make(plan, parameters_of(version)) == brought.points


def test_its_end_and_its_waiting_are_notices() -> None:
    assert BY_VERB["campaign.finished"].key == "campaign-done"
    assert BY_VERB["campaign.paused"].key == "campaign-waits"
