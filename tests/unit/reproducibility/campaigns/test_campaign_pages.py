"""Campaigns are made on a page and by the API, looked at, and driven by buttons."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from reproducibility.models import Analysis, Campaign, CampaignState, Run
from reproducibility.services.campaigns import making
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.campaigns.conftest import Make, to_its_end

JSON = "application/json"
ENTRY = {
    "title": "Bins and lows", "way": "grid", "results": "mass results/fit.json mass",
    "parameter-bins": "10:30:10", "parameter-low": "60, 70", "at_once": "2", "first": "0",
    "priority": "0",
}  # fmt: skip


@pytest.fixture
def browser(alice: User, client: Client) -> Client:
    """Alice's browser."""
    sign_in(client, alice)
    return client


def made(browser: Client, **changes: object) -> HttpResponse:
    """Post the form."""
    answer = browser.post("/analyses/dimuon/campaign", {**ENTRY, **changes})
    assert isinstance(answer, HttpResponse)
    return answer


def test_a_grid_becomes_a_campaign_that_has_not_started(
    browser: Client, analysis: Analysis
) -> None:
    answer = made(browser)

    campaign = Campaign.objects.get()
    assert answer.status_code == 302
    assert [point.values for point in campaign.points.all()][:3] == [
        {"bins": 10, "low": 60.0}, {"bins": 10, "low": 70.0}, {"bins": 20, "low": 60.0},
    ]  # fmt: skip
    assert (campaign.total, campaign.state) == (6, CampaignState.DRAFT)
    assert campaign.source["fields"] == {"bins": "10:30:10", "low": "60, 70"}
    assert not Run.objects.exists()
    page = browser.get(f"/campaigns/{campaign.pk}").content.decode()
    assert "6 points are ready. Nothing has started yet." in page


def test_a_fresh_form_has_no_fault(browser: Client, analysis: Analysis) -> None:
    page = browser.get("/analyses/dimuon/campaign")

    assert page.status_code == 200
    assert "Nothing was sent" not in page.content.decode()


def test_a_table_becomes_a_campaign(browser: Client, analysis: Analysis) -> None:
    file = SimpleUploadedFile("points.csv", b"bins,label\n10,a\n20,b\n")

    made(browser, file=file)

    assert [point.values for point in Campaign.objects.get().points.all()] == [
        {"bins": 10, "label": "a"}, {"bins": 20, "label": "b"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"parameter-bins": "ten"}, "whole number"),
        ({"parameter-bins": "", "parameter-low": ""}, "at least one parameter"),
        ({"title": " "}, "This field is required"),
        ({"results": "mass"}, "Line 1: give a name, a file and a place"),
        ({"results": "mass fit.root mass"}, "from .json and .csv"),
        ({"at_once": "1000"}, "may be under way"),
        ({"first": "6"}, "at most one fewer"),
        ({"way": "random"}, "how many points"),
        ({"way": "star"}, "Select a valid choice"),
    ],
)
def test_a_wrong_entry_is_told_and_nothing_is_lost(
    browser: Client, analysis: Analysis, changes: dict[str, str], told: str
) -> None:
    answer = made(browser, **changes)

    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert 'value="60, 70"' in answer.content.decode() or "parameter-low" in changes
    assert not Campaign.objects.exists()


def test_all_faults_of_a_table_are_told_by_row_and_column(
    browser: Client, analysis: Analysis
) -> None:
    file = SimpleUploadedFile("points.csv", b"bins,lable\nten,a\n20,b\n20,b\n")

    page = made(browser, file=file).content.decode()

    assert "Row 2, bins" in page
    assert "lable" in page
    assert "label" in page
    assert not Campaign.objects.exists()


def test_it_is_started_paused_and_resumed_by_buttons(
    browser: Client, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    made(browser)
    campaign = Campaign.objects.get()
    base = f"/campaigns/{campaign.pk}"

    browser.post(f"{base}/start")
    browser.post(f"{base}/pause")
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
    refused = browser.post(f"{base}/pause", follow=True)
    assert "does not go on" in refused.content.decode()
    browser.post(f"{base}/start")
    to_its_end(campaign)

    page = browser.get(base).content.decode()
    assert "6 of 6 points are done" in page
    assert "91.19" in page
    point = browser.get(f"{base}/points/6").content.decode()
    assert "Point 6 of Bins and lows" in point
    assert browser.get(f"{base}/points/7").status_code == 404


def test_the_api_makes_drives_and_collects_a_campaign(
    browser: Client, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    results = [{"name": "mass", "path": "results/fit.json", "where": "mass"}]
    wish = {"analysis": "dimuon", "title": "Bins", "columns": ["bins"], "rows": [[10], [20]],
            "results": results, "at_once": 2, "priority": 5}  # fmt: skip

    answer = browser.post("/api/v1/campaigns", wish, JSON)
    assert answer.status_code == 201
    base = f"/api/v1/campaigns/{answer.json()['id']}"
    assert browser.get(f"{base}/matrix").json() == {"letters": "ww"}
    assert browser.post(f"{base}/start").status_code == 202
    campaign = to_its_end(Campaign.objects.get())
    assert campaign.priority == 5

    assert browser.get(base).json()["counts"] == {"finished": 2}
    assert browser.get(f"{base}/matrix").json() == {"letters": "ff"}
    points = browser.get(f"{base}/points?after=1").json()
    assert [each["values"] for each in points["items"]] == [{"bins": 20}]
    table = b"".join(browser.get(f"{base}/results")).decode()
    rows = list(csv.DictReader(StringIO(table)))
    assert [(row["point"], row["bins"], row["mass"]) for row in rows] == [
        ("1", "10", "91.19"), ("2", "20", "91.19"),
    ]  # fmt: skip
    assert browser.delete(base).status_code == 204
    assert not Campaign.objects.filter(pk=campaign.pk).exists()


def test_the_api_tells_all_faults_of_the_rows(browser: Client, analysis: Analysis) -> None:
    wish = {"analysis": "dimuon", "title": "Bins", "columns": ["bins", "low"],
            "rows": [["ten", 60.0], [20, None], [30, 60.0], [30, 60.0]]}  # fmt: skip

    answer = browser.post("/api/v1/campaigns", wish, JSON)

    assert answer.status_code == 422
    faults = {(each["row"], each["column"]) for each in answer.json()["faults"]}
    assert {(1, "bins"), (2, "low")} <= faults
    assert not Campaign.objects.exists()


def test_others_see_nothing_of_it(
    bob: User, client: Client, make: Make, workflow_backend: FakeWorkflows
) -> None:
    campaign = make()
    sign_in(client, bob)

    for path in ("", "/points/1"):
        assert client.get(f"/campaigns/{campaign.pk}{path}").status_code == 404
    for path in ("", "/points", "/matrix", "/results"):
        assert client.get(f"/api/v1/campaigns/{campaign.pk}{path}").status_code == 404
    for verb in ("start", "pause", "cancel", "retry", "delete"):
        assert client.post(f"/campaigns/{campaign.pk}/{verb}").status_code == 404
    assert making.mine(bob).count() == 0
