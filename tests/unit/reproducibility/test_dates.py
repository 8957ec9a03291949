"""Dates that a specification gives without quotes are texts: shown, compared and sent as given."""

from __future__ import annotations

import json
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from accounts.models import User
from reproducibility import services
from reproducibility.models import Analysis, AnalysisVersion, Run
from reproducibility.presenting import variation_of
from reproducibility.services.provenance import provenance_of
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import SPECIFICATION, work
from vre_portal.errors import InvalidRequest

FORM = "/analyses/dimuon/variation"
DATES = "bins: 60, day: 2024-01-31, at: 2024-01-31 10:30:00, days: [2024-01-31], word: '2024-01-31'"


@pytest.fixture
def analysis(analysis: Analysis) -> Analysis:
    """An analysis of a day."""
    given = SPECIFICATION.replace("bins: 60, low: 60.0, label: mass, quick: false", DATES)
    AnalysisVersion.objects.filter(analysis=analysis).update(specification=given)
    return Analysis.objects.get(pk=analysis.pk)


def test_they_are_shown_as_given(browser: Client, analysis: Analysis) -> None:
    page = browser.get(FORM).content.decode()

    for value in ("2024-01-31", "2024-01-31 10:30:00", '["2024-01-31"]'):
        assert f'value="{value}"' in unescape(page)
    assert "datetime" not in page


def test_the_form_as_it_stands_changes_nothing(browser: Client, analysis: Analysis) -> None:
    answer = browser.post(FORM, {})

    run = Run.objects.get()
    assert answer.headers["Location"] == f"/runs/{run.pk}"
    assert (run.parameters, run.kind) == ({}, "reproduction")


def test_another_day_is_a_variation_and_is_sent_as_a_text(
    browser: Client, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    browser.post(FORM, {"parameter-day": "2024-02-29", "parameter-days": '["2024-02-29"]'})

    run = Run.objects.get()
    assert run.parameters == {"day": "2024-02-29", "days": ["2024-02-29"]}
    assert run.kind == "variation"
    workflow_backend.runs_by_itself = True
    work(run, turns=4)
    sent = workflow_backend.only()
    assert sent.parameters == run.parameters
    assert json.loads(json.dumps(sent.specification))["inputs"]["parameters"]["day"] == "2024-01-31"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("day", "tomorrow"), ("day", "2024-02-30"), ("day", "2024-13-01"), ("day", ""),
        ("day", "31.1.2024"), ("day", "2024-01-31 10:30:00"), ("day", "2024-01-31\n"),
        ("day", 20240131), ("day", None), ("day", ["2024-01-31"]),
        ("at", "2024-01-31"), ("at", "10:30"), ("at", "2024-01-31 25:00:00"),
    ],
)  # fmt: skip
def test_what_is_no_date_names_its_parameter(
    alice: User, analysis: Analysis, name: str, value: object
) -> None:
    with pytest.raises(InvalidRequest, match=f"{name}: give a date such as 2024-01-31") as refused:
        services.start_run(alice, analysis, parameters={name: value})

    assert refused.value.field == name


def test_the_form_says_so_at_the_field(browser: Client, analysis: Analysis) -> None:
    answer = browser.post(FORM, {"parameter-day": "2024-02-30"})

    assert answer.status_code == 422
    assert "day: give a date such as 2024-01-31." in answer.content.decode()
    assert not Run.objects.exists()


def test_the_recorded_day_is_no_change(alice: User, analysis: Analysis) -> None:
    given = {"day": "2024-01-31", "at": "2024-01-31 10:30:00", "days": ["2024-01-31"]}

    run = services.start_run(alice, analysis, parameters=given)

    assert (run.parameters, run.kind) == ({}, "reproduction")


def test_a_quoted_date_is_any_text(alice: User, analysis: Analysis) -> None:
    run = services.start_run(alice, analysis, parameters={"word": "any"})

    assert run.parameters == {"word": "any"}


def test_a_run_is_offered_again_and_told_with_its_dates(alice: User, analysis: Analysis) -> None:
    run = services.start_run(alice, analysis, parameters={"day": "2024-02-29"})

    offered = dict(parse_qsl(urlsplit(variation_of(run)).query))
    told = json.loads(str(provenance_of(run)["parameters"]))

    assert offered["parameter-day"] == "2024-02-29"
    assert (told["day"], told["at"]) == ("2024-02-29", "2024-01-31 10:30:00")


def test_a_day_that_no_calendar_has_is_shown_as_given(
    alice: User, browser: Client, analysis: Analysis
) -> None:
    rows = AnalysisVersion.objects.filter(analysis=analysis)
    rows.update(specification=analysis.newest.specification.replace("2024-01-31", "2024-02-30"))

    assert 'value="2024-02-30"' in browser.get(FORM).content.decode()
    with pytest.raises(InvalidRequest, match="day: give a date"):
        services.start_run(alice, analysis, parameters={"day": "2024-02-31"})
    services.start_run(alice, analysis, parameters={"day": "2024-02-29"})
