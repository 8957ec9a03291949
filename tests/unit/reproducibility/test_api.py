"""The API of analyses and runs, by the names that the architecture fixes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from reproducibility import services
from reproducibility.models import Analysis, Run
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import RECORDED, finish, work
from vre_portal.errors import NotFound

API = "/api/v1"


def get(client: Client, path: str) -> Any:
    answer = client.get(f"{API}{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def post(client: Client, path: str, content: Any, status: int) -> dict[str, Any]:
    answer = client.post(f"{API}{path}", content, content_type="application/json")
    assert answer.status_code == status, answer.content
    if status >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    return told


def problem(client: Client, path: str, status: int) -> dict[str, Any]:
    answer = client.get(f"{API}{path}")
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def finished(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run with a good verdict."""
    workflow_backend.runs_by_itself = True
    return finish(run)


def test_analyses_come_in_pages(browser: Client, analysis: Analysis) -> None:
    told = get(browser, "/analyses")

    assert told["next"] is None
    (item,) = told["items"]
    assert (item["id"], item["slug"], item["version"]) == (str(analysis.pk), "dimuon", 1)
    assert item["inputs"] == [{"did": "cms:dimuon", "folder": "data"}]
    assert {output["path"] for output in item["outputs"]} == set(RECORDED)


def test_an_analysis_is_found_by_slug_and_id(browser: Client, analysis: Analysis) -> None:
    assert get(browser, "/analyses/dimuon") == get(browser, f"/analyses/{analysis.pk}")


def test_a_run_is_started_and_told(browser: Client, analysis: Analysis) -> None:
    told = post(browser, f"/analyses/{analysis.pk}/runs", {"parameters": {"bins": 30}}, 202)

    assert told["id"] == str(Run.objects.get().pk)
    assert (told["analysis"], told["state"], told["verdict"]) == ("dimuon", "preparing", None)
    assert told["parameters"] == {"bins": 30}
    assert [step["name"] for step in told["steps"]] == ["inputs", "select", "fit", "compare"]


def test_parameters_may_be_left_out(browser: Client, analysis: Analysis) -> None:
    assert post(browser, "/analyses/dimuon/runs", {}, 202)["parameters"] == {}


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"parameters": {"nope": 1}}, "nope"),
        ({"parameters": {"bins": "many"}}, "bins"),
        ({"parameters": []}, "parameters"),
        ({"parameters": {"low": 1e999}}, "low"),
        ({"parameters": {"label": "a\0"}}, "label"),
    ],
)
def test_wrong_parameters_are_a_problem_that_names_the_field(
    browser: Client, analysis: Analysis, content: Any, field: str
) -> None:
    if content["parameters"] == {"low": 1e999}:
        content = '{"parameters": {"low": 1e999}}'

    told = post(browser, "/analyses/dimuon/runs", content, 422)

    assert (told["code"], told["field"]) == ("invalid-request", field)
    assert not Run.objects.exists()


def test_malformed_json_is_a_problem(browser: Client, analysis: Analysis) -> None:
    answer = browser.post(f"{API}/analyses/dimuon/runs", "{", content_type="application/json")

    assert answer.status_code in {400, 422}
    assert answer["Content-Type"] == "application/problem+json"


def test_a_finished_run_is_told_with_its_verdict(browser: Client, finished: Run) -> None:
    told = get(browser, f"/runs/{finished.pk}")
    verdict = get(browser, f"/runs/{finished.pk}/verdict")

    assert told["state"] == "finished"
    assert told["verdict"] == verdict
    assert (verdict["level"], verdict["environment"], verdict["inputs"]) == (
        "bit-identical", "substituted", "verified",
    )  # fmt: skip
    first = verdict["outputs"][0]
    assert {"path", "level", "sha256", "expected_sha256", "detail", "comparison"} <= set(first)
    assert first["sha256"] == first["expected_sha256"]


def test_files_and_logs_are_told(browser: Client, finished: Run) -> None:
    files = get(browser, f"/runs/{finished.pk}/files")
    logs = get(browser, f"/runs/{finished.pk}/logs")

    assert {file["path"]: file["size"] for file in files} == {
        path: len(content) for path, content in RECORDED.items()
    }
    assert [(log["step"], log["state"]) for log in logs] == [("select", "done"), ("fit", "done")]


def test_there_is_no_verdict_before_the_end(browser: Client, run: Run) -> None:
    told = problem(browser, f"/runs/{run.pk}/verdict", 409)

    assert told["detail"] == "There is no verdict: the run is preparing."


def test_stopping_is_asked_for_once(
    browser: Client, run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)

    told = post(browser, f"/runs/{run.pk}/stop", {}, 202)
    finish(run)
    again = post(browser, f"/runs/{run.pk}/stop", {}, 409)

    assert told["message"] == "Stopping."
    assert get(browser, f"/runs/{run.pk}")["state"] == "stopped"
    assert again["code"] == "conflict"


def test_a_restart_is_a_new_run(browser: Client, finished: Run) -> None:
    told = post(browser, f"/runs/{finished.pk}/restart", {}, 202)

    assert told["id"] != str(finished.pk)
    assert told["number"] == 2


def test_runs_are_listed_newest_first_and_paged(
    browser: Client, alice: User, analysis: Analysis
) -> None:
    for _ in range(3):
        services.start_run(alice, analysis)

    first = get(browser, "/runs?limit=2")
    rest = browser.get(first["next"]).json()

    numbers = [item["number"] for item in (*first["items"], *rest["items"])]
    assert (numbers, rest["next"]) == ([3, 2, 1], None)


def test_one_sees_ones_own_runs_only(
    browser: Client, alice: User, bob: User, analysis: Analysis
) -> None:
    services.start_run(bob, analysis)

    assert get(browser, "/runs")["items"] == []
    assert get(browser, "/analyses/dimuon/runs")["items"] == []


@pytest.mark.parametrize("path", ["", "/logs", "/files", "/verdict"])
def test_strangers_do_not_find_a_run(bob: User, run: Run, path: str) -> None:
    client = Client()
    sign_in(client, bob)

    assert problem(client, f"/runs/{run.pk}{path}", 404)["code"] == "not-found"


@pytest.mark.parametrize("verb", ["stop", "restart"])
def test_strangers_can_not_act(bob: User, run: Run, verb: str) -> None:
    client = Client()
    sign_in(client, bob)

    post(client, f"/runs/{run.pk}/{verb}", {}, 404)


@pytest.mark.parametrize("path", ["/analyses/nothing", "/analyses/a%2Fb"])
def test_an_unknown_analysis_is_a_problem(browser: Client, analysis: Analysis, path: str) -> None:
    problem(browser, path, 404)


def test_a_visitor_is_told_to_sign_in(db: None) -> None:
    answer = Client().get(f"{API}/runs")

    assert answer.status_code == 401
    assert answer.json()["code"] == "sign-in-required"


def test_the_socket_is_told_the_present_state_and_strangers_nothing(
    alice: User, bob: User, run: Run
) -> None:
    told = services.present_state(alice.pk, str(run.pk))

    assert told == {"state": "preparing", "message": "Starting."}
    for key in (str(run.pk), "no-id", "\0"):
        with pytest.raises(NotFound):
            services.present_state(bob.pk, key)
