"""What the runner allows people: quotas, calls a second, days that files are kept; and how fast."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.reana_clients import token_of
from tests.contract.runner import OwnRunner, Person, one_step, wait_for
from tests.signin import running_stack

Start = Callable[..., tuple[OwnRunner, Person]]
LISTED = {"type": "batch", "size": 100, "include_progress": True}


@pytest.fixture(scope="module")
def token() -> str:
    """The researcher's token."""
    return token_of("researcher")


@pytest.fixture
def start(token: str) -> Iterator[Start]:
    """Start a runner with settings of the test's own, and return it with the researcher there."""
    runners = []

    def begin(**settings: Any) -> tuple[OwnRunner, Person]:
        runner = OwnRunner(running_stack(), settings)
        runners.append(runner)
        runner.start()
        return runner, Person(runner.url, token)

    yield begin
    for runner in runners:
        runner.close()


def with_rules(**days: int) -> dict[str, Any]:
    specification = one_step("mkdir -p data; touch data/kept.txt a.tmp data/b.tmp")
    return {
        **specification,
        "outputs": {"files": ["data/kept.txt"]},
        "workspace": {"retention_days": days},
    }


def test_an_upload_over_the_disk_quota_is_refused_until_there_is_room(start: Start) -> None:
    _, person = start(person_disk_bytes=1000)
    workflow = person.create(one_step("true"))
    assert person.put(workflow, "half", b"x" * 600).ok

    refused = person.put(workflow, "more", b"x" * 600)

    assert refused.status_code == 403
    assert "User quota exceeded.\nResource: disk, usage: 1200 of 1000" in refused.json()["message"]
    assert person.put(workflow, "rest", b"x" * 399).ok
    person.ask("DELETE", f"/workflows/{workflow}/workspace/half")
    assert person.put(workflow, "more", b"x" * 600).ok


def test_over_quota_nothing_is_created_or_started(start: Start) -> None:
    runner, person = start(person_disk_bytes=1000)
    workflow = person.create(one_step("true"))
    runner.change_rows("UPDATE workspace SET bytes = 2000, measured = clock_timestamp()")

    for path in ("/workflows", f"/workflows/{workflow}/start"):
        answer = person.call("POST", path, json=one_step("true"))
        assert answer.status_code == 403
        assert "Resource: disk, usage: 2000 of 1000 bytes" in answer.json()["message"]
    assert person.ask("GET", "/you")["quota"]["disk"]["health"] == "critical"


def test_deleting_gives_room_back_and_time_stays_spent(start: Start) -> None:
    _, person = start(person_cpu_seconds=3600, person_disk_bytes=10_000)
    workflow = person.start(one_step("head -c 5000 /dev/zero > zeros; sleep 1"))
    assert person.finish(workflow) == "finished"
    before = person.ask("GET", "/you")["quota"]

    person.ask("PUT", f"/workflows/{workflow}/status", params={"status": "deleted"}, json={})
    after = person.ask("GET", "/you")["quota"]

    assert before["disk"]["usage"]["raw"] == 5000
    assert before["cpu"]["usage"]["raw"] >= 1000
    assert before["cpu"]["limit"] == {"raw": 3_600_000, "human_readable": "1h 0s"}
    assert after["disk"]["usage"]["raw"] == 0
    assert after["cpu"]["usage"]["raw"] == before["cpu"]["usage"]["raw"]


def test_spent_time_stops_the_next_start(start: Start) -> None:
    _, person = start(person_cpu_seconds=1)
    first, second = (person.create(one_step("sleep 1.2")) for _ in range(2))
    person.ask("POST", f"/workflows/{first}/start", json={})
    assert person.finish(first) == "finished"

    answer = person.call("POST", f"/workflows/{second}/start", json={})

    assert answer.status_code == 403
    assert "Resource: cpu" in answer.json()["message"]


def test_too_many_calls_are_told_when_to_come_again(start: Start) -> None:
    _, person = start(calls_per_second=5)

    answers = [person.call("GET", "/secrets") for _ in range(12)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["Retry-After"] == "1"
    assert "calls a second" in refused[0].json()["message"]
    wait_for(lambda: person.call("GET", "/secrets").ok, seconds=5)


def test_files_go_when_their_days_are_over_but_inputs_and_outputs_stay(start: Start) -> None:
    runner, person = start(retention_seconds=0.2)
    workflow = person.start(with_rules(**{"**/*": 1}))
    assert person.finish(workflow) == "finished"

    def rule() -> dict[str, Any]:
        (found,) = person.ask("GET", f"/workflows/{workflow}/retention_rules")["retention_rules"]
        return dict(found)

    wait_for(lambda: rule()["status"] == "active")
    assert rule()["apply_on"].endswith("T23:59:59")
    runner.change_rows("UPDATE retention_rule SET apply_on = now()")
    wait_for(lambda: rule()["status"] == "applied")

    left = person.ask("GET", f"/workflows/{workflow}/workspace")["items"]
    assert [item["name"] for item in left] == ["data/kept.txt"]


def test_a_rule_takes_only_what_it_names(start: Start) -> None:
    runner, person = start(retention_seconds=0.2)
    workflow = person.start(with_rules(**{"data/*.tmp": 0}))
    assert person.finish(workflow) == "finished"

    wait_for(
        lambda: (
            runner.change_rows("UPDATE retention_rule SET apply_on = now() WHERE status = 'active'")
            > 0
        )
    )
    listed = f"/workflows/{workflow}/workspace"
    wait_for(lambda: len(person.ask("GET", listed)["items"]) == 2)

    names = [item["name"] for item in person.ask("GET", listed)["items"]]
    assert names == ["a.tmp", "data/kept.txt"]


def test_a_restart_suspends_the_rules_of_the_run_before(start: Start) -> None:
    _, person = start(retention_seconds=0.2)
    workflow = person.start(with_rules(**{"*.tmp": 3}))
    assert person.finish(workflow) == "finished"

    again = person.ask("POST", f"/workflows/{workflow}/start", json={"restart": True})

    def status(of: str) -> str:
        (rule,) = person.ask("GET", f"/workflows/{of}/retention_rules")["retention_rules"]
        return str(rule["status"])

    assert status(workflow) == "inactive"
    assert person.finish(again["workflow_id"]) == "finished"
    wait_for(lambda: status(again["workflow_id"]) == "active")


@pytest.mark.parametrize("rules", [{"../other": 1}, {"*.tmp": 40_000}])
def test_a_rule_that_cannot_be_kept_is_refused(start: Start, rules: dict[str, int]) -> None:
    _, person = start()

    answer = person.call("POST", "/workflows", json=with_rules(**rules))

    assert answer.status_code == 400
    assert person.ask("GET", "/workflows", params=LISTED)["total"] == 0


def test_a_page_of_ten_thousand_workflows_comes_at_once(start: Start) -> None:
    runner, person = start()
    person.create(one_step("true"))
    runner.change_rows(
        "INSERT INTO workflow (owner, name, run_major, run_minor, status, specification,"
        " parameters, workspace, created) SELECT owner, 'point-' || n, 1, 0, 'finished',"
        " specification, '{}', workspace, now() - n * interval '1 second'"
        " FROM workflow, generate_series(1, 10000) AS n"
    )
    runner.change_rows(
        "INSERT INTO job (workflow, position, step, command, image, status, attempt)"
        " SELECT id, n, 'only', 'true', 'python:3.12', 'finished', 1"
        " FROM workflow, generate_series(0, 2) AS n"
    )
    runner.change_rows("ANALYZE workflow, job")

    spent = []
    for page in range(1, 41):
        began = time.perf_counter()
        answer = person.ask("GET", "/workflows", params={**LISTED, "page": page})
        spent.append(time.perf_counter() - began)

    assert answer["total"] == 10_001
    assert len(answer["items"]) == 100
    assert answer["items"][0]["progress"]["finished"]["total"] == 3
    assert statistics.quantiles(spent, n=20)[-1] < 0.25  # 0.02 s on a quiet machine


def test_a_list_and_a_status_tell_the_same_progress(start: Start) -> None:
    _, person = start()
    workflow = person.start(one_step("true", "exit 3", "true"))
    assert person.finish(workflow) == "failed"

    (row,) = person.ask("GET", "/workflows", params=LISTED)["items"]

    assert row["progress"] == person.status(workflow)["progress"]
    assert row["progress"]["finished"]["total"] == 1
    assert row["progress"]["failed"]["total"] == 1
