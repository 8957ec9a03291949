"""An analysis's own tests are judged on each run that ends."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from reproducibility.models import Analysis, AnalysisVersion, Run
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import SPECIFICATION, finish

FEATURE = """
Feature: Outputs

  Scenario: The fit is there
    When the workflow execution completes
    Then the workspace should contain "results/fit.json"

  Scenario: The table is there
    When the workflow execution completes
    Then the workspace should contain "results/table.csv"

  Scenario: A sentence of somebody's own
    When the workflow execution completes
    Then the moon should be full
"""


@pytest.fixture
def tested(analysis: Analysis, run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run of an analysis that has tests of its own."""
    AnalysisVersion.objects.update(
        specification=f"{SPECIFICATION}tests:\n  files: [tests/outputs.feature]\n"
    )
    run.version.files.create(
        path="tests/outputs.feature", content=FEATURE.encode(), sha256="0" * 64
    )
    workflow_backend.runs_by_itself = True
    return finish(run)


def test_each_scenario_is_judged_with_a_reason(tested: Run) -> None:
    told = {each["scenario"]: (each["passed"], each["reason"]) for each in tested.tests}

    assert told["The fit is there"] == (True, "")
    assert told["The table is there"][0] is False
    assert "results/table.csv" in told["The table is there"][1]
    assert told["A sentence of somebody's own"][0] is None


def test_the_page_and_the_api_tell_them(client: Client, alice: User, tested: Run) -> None:
    sign_in(client, alice)

    page = client.get(f"/runs/{tested.pk}").content.decode()
    told = client.get(f"/api/v1/runs/{tested.pk}").json()

    assert "Tests of the analysis" in page
    assert "The table is there" in page
    assert [each["passed"] for each in told["tests"]] == [True, False, None]


def test_an_analysis_without_tests_has_none(run: Run, workflow_backend: FakeWorkflows) -> None:
    workflow_backend.runs_by_itself = True

    finish(run)

    assert run.tests == []
