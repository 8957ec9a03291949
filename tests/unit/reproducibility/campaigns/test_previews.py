"""Before anything is written, a preview tells the points, their time, and what they may cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from reproducibility.backends import Usage
from reproducibility.models import Analysis, AnalysisVersion, Campaign, Run, RunState
from reproducibility.services.campaigns import costs, making
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.campaigns.conftest import Make, to_its_end
from vre_portal.errors import UpstreamUnavailable

JSON = "application/json"
API = "/api/v1/campaigns/preview"
PAGE = "/analyses/dimuon/campaign/preview"
GRID = {"way": "grid", "fields": {"bins": "10:50:10", "label": "a, b"}}
WISH: dict[str, Any] = {"analysis": "dimuon", "title": "Bins", "plan": GRID, "at_once": 4}
ENTRY = {
    "title": "Bins", "way": "grid", "parameter-bins": "10:50:10", "parameter-label": "a, b",
    "at_once": "4", "first": "0", "priority": "0",
}  # fmt: skip
MIB = 1 << 20


@pytest.fixture
def browser(alice: User, client: Client) -> Client:
    """Alice's browser."""
    sign_in(client, alice)
    return client


@pytest.fixture
def ran(run: Run) -> Run:
    """A run that took 60 s, 40 of them at work, and left 2 MiB."""
    steps = [
        {"name": "inputs", "state": "done", "started": None, "seconds": 9},
        {"name": "select", "state": "done", "started": "2026-11-22T14:00:10+00:00", "seconds": 20},
        {"name": "fit", "state": "done", "started": "2026-11-22T14:00:30+00:00", "seconds": 20},
        {"name": "compare", "state": "done", "started": None, "seconds": 1},
    ]
    told = {"state": RunState.FINISHED, "steps": steps, "seen": {"size": 2 * MIB}}
    ends = run.created_at + timedelta(seconds=60)
    Run.objects.filter(pk=run.pk).update(finished_at=ends, **told)
    return run


def test_a_preview_tells_the_points_and_writes_nothing(browser: Client, analysis: Analysis) -> None:
    told = browser.post(API, WISH, JSON).json()

    assert told["points"] == 10
    assert told["columns"] == [
        {"name": "bins", "low": 10, "high": 50, "distinct": 5},
        {"name": "label", "low": None, "high": None, "distinct": 2},
    ]
    assert told["rows"][:2] == [[10, "a"], [10, "b"]]
    assert told["cost"]["basis"] == "nothing"
    assert not Campaign.objects.exists()


def test_former_runs_tell_what_it_may_cost(
    browser: Client, ran: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.cpu, workflow_backend.disk_limit = Usage(100_000, 400_000), 30 * MIB

    cost = browser.post(API, WISH, JSON).json()["cost"]

    assert (cost["basis"], cost["at_once"], cost["seconds"]) == ("runs", 4, 150)
    assert cost["cpu"] == {"needed": 400, "left": 300, "is_short": True}
    assert cost["disk"] == {"needed": 20 * MIB, "left": 30 * MIB, "is_short": False}
    assert cost["is_short"]
    page = browser.post(PAGE, ENTRY, headers={"HX-Request": "true"}).content.decode()
    assert "Your quota will not suffice" in page
    assert "5 min left" in page


def test_without_a_limit_nothing_is_short(browser: Client, ran: Run) -> None:
    cost = browser.post(API, WISH, JSON).json()["cost"]

    assert cost["cpu"] == {"needed": 400, "left": None, "is_short": False}
    assert not cost["is_short"]


def test_a_service_that_does_not_tell_the_quota_hinders_no_preview(
    browser: Client, ran: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.fail_on("quota", UpstreamUnavailable("REANA is away.", service="reana"))

    cost = browser.post(API, WISH, JSON).json()["cost"]

    assert (cost["seconds"], cost["problem"]) == (150, "REANA is away.")


def test_after_a_trial_its_own_points_tell_what_the_others_take(
    alice: User, make: Make, ran: Run, browser: Client
) -> None:
    campaign = make(points=6, first=2)
    making.go_on(alice, campaign.pk)
    to_its_end(campaign)

    cost = costs.of_campaign(campaign)

    assert (cost.basis, cost.points) == (costs.Basis.POINTS, 4)
    page = browser.get(f"/campaigns/{campaign.pk}").content.decode()
    assert "Estimated from the points of this campaign" in page


def test_what_it_may_cost_is_nobody_elses_to_see(
    bob: User, client: Client, make: Make, workflow_backend: FakeWorkflows
) -> None:
    campaign = make(points=6)
    AnalysisVersion.objects.update(public=True)
    Campaign.objects.update(public=True)
    sign_in(client, bob)

    page = client.get(f"/campaigns/{campaign.pk}")

    assert page.status_code == 200
    assert "Processor time" not in page.content.decode()
    assert "How it goes on" not in page.content.decode()
    assert workflow_backend.calls["quota"] == 0


@pytest.mark.parametrize(
    "points",
    [
        {"plan": GRID, "columns": ["bins"], "rows": [[10]]},
        {"plan": GRID, "rows": [[10]]},
        {"columns": ["bins"]},
        {},
    ],
)
def test_exactly_one_way_of_telling_points_is_taken(
    browser: Client, analysis: Analysis, points: dict[str, Any]
) -> None:
    wish = {"analysis": "dimuon", "title": "Bins", **points}

    answer = browser.post("/api/v1/campaigns", wish, JSON)

    assert answer.status_code == 422
    assert "exactly one of them" in answer.json()["detail"]


@pytest.mark.parametrize("address", ["/api/v1/campaigns", API])
def test_faults_of_a_plan_are_told_by_field(
    browser: Client, analysis: Analysis, address: str
) -> None:
    plan = {"way": "grid", "fields": {"bins": "ten", "lable": "a"}}

    answer = browser.post(address, {**WISH, "plan": plan}, JSON)

    assert answer.status_code == 422
    assert {each["column"] for each in answer.json()["faults"]} == {"bins", "lable"}


def test_a_file_becomes_a_campaign_by_the_api(browser: Client, analysis: Analysis) -> None:
    file = SimpleUploadedFile("points.csv", b"bins,label\n10,a\n20,b\n")
    wish = {
        "analysis": "dimuon", "title": "Bins", "at_once": 2, "file": file,
        "results[0]name": "mass", "results[0]path": "results/fit.json", "results[0]where": "mass",
    }  # fmt: skip

    answer = browser.post("/api/v1/campaigns", wish)

    assert answer.status_code == 201, answer.content
    campaign = Campaign.objects.get()
    assert [point.values["bins"] for point in campaign.points.all()] == [10, 20]
    assert campaign.source == {"kind": "table", "name": "points.csv"}
    assert campaign.results[0]["name"] == "mass"


def test_faults_of_a_file_are_told_by_row_and_column(browser: Client, analysis: Analysis) -> None:
    file = SimpleUploadedFile("points.csv", b"bins,label\n10,a\nten,b\n")

    answer = browser.post(API, {"analysis": "dimuon", "title": "Bins", "file": file})

    assert answer.status_code == 422
    (fault,) = answer.json()["faults"]
    assert (fault["row"], fault["column"]) == (3, "bins")


def test_the_page_shows_the_preview_within_the_form(browser: Client, ran: Run) -> None:
    page = browser.post(PAGE, ENTRY).content.decode()

    assert "10 points" in page
    assert "Estimated from the last runs of this analysis" in page
    assert 'value="10:50:10"' in page
    assert not Campaign.objects.exists()


def test_with_a_script_the_preview_comes_alone(browser: Client, analysis: Analysis) -> None:
    page = browser.post(PAGE, ENTRY, headers={"HX-Request": "true"}).content.decode()

    assert "10 points" in page
    assert "This analysis has not run here yet" in page
    assert "<html" not in page


def test_a_preview_tells_every_fault(browser: Client, analysis: Analysis) -> None:
    entry = {**ENTRY, "parameter-bins": "ten", "first": "-1"}

    answer = browser.post(PAGE, entry, headers={"HX-Request": "true"})

    assert answer.status_code == 422
    assert "There would be no points" in answer.content.decode()


def test_a_preview_that_is_loaded_again_is_the_form(browser: Client, analysis: Analysis) -> None:
    answer = browser.get(f"{PAGE}?version=1")

    assert (answer.status_code, answer["Location"]) == (302, "/analyses/dimuon/campaign?version=1")
