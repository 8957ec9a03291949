"""The runner keeps runs apart, brings each to one end, and lets nobody at another's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from demo.stack import Stack
from tests.contract.runner import OwnRunner, Person, one_step, wait_for
from tests.signin import exchange, running_stack, sign_in


def token_of(stack: Stack, username: str) -> str:
    return exchange(stack, sign_in(stack, username), "reana")


@pytest.fixture(scope="module")
def stack() -> Stack:
    """The running stack."""
    return running_stack()


@pytest.fixture(scope="module")
def researcher(stack: Stack) -> Person:
    """A person of one provider."""
    return Person(stack.url("reana"), token_of(stack, "researcher"))


@pytest.fixture(scope="module")
def datamanager(stack: Stack) -> Person:
    """Another person."""
    return Person(stack.url("reana"), token_of(stack, "datamanager"))


@pytest.fixture
def own(stack: Stack) -> Iterator[OwnRunner]:
    """A runner that the test may kill."""
    runner = OwnRunner(stack)
    runner.start()
    yield runner
    runner.close()


@pytest.fixture
def caller(own: OwnRunner, researcher: Person, stack: Stack) -> Person:
    """The researcher at the test's own runner."""
    return Person(own.url, token_of(stack, "researcher"))


def test_a_step_reads_neither_the_shadow_file_nor_the_stacks_secrets(
    researcher: Person, stack: Stack
) -> None:
    secrets = stack.state.resolve() / "secrets.json"
    workflow = researcher.start(
        one_step(f"id -u; cat /etc/shadow || echo none; cat {secrets} || echo none")
    )

    assert researcher.finish(workflow) == "finished"

    uid, *rest = researcher.output(workflow).splitlines()
    assert uid != "0"
    assert rest.count("none") == 2
    assert "root:" not in "".join(rest)


def test_a_step_sees_no_workspace_but_its_own(researcher: Person, datamanager: Person) -> None:
    other = datamanager.create(one_step("true"))
    datamanager.put(other, "private.txt", b"private")

    workflow = researcher.start(
        one_step('ls "$$REANA_WORKSPACE/.."; ls -R / 2>&1 | grep -c private.txt')
    )
    researcher.finish(workflow)

    siblings, found = researcher.output(workflow).splitlines()
    assert "-" in siblings
    assert " " not in siblings
    assert found == "0"


def test_a_step_has_no_network(researcher: Person, stack: Stack) -> None:
    port = stack.port_of("reana")
    script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)"
    workflow = researcher.start(one_step(f'python -c "{script}"'))

    assert researcher.finish(workflow) == "failed"

    assert "ConnectionRefusedError" in researcher.output(workflow)
    assert "exit code 1" in researcher.status(workflow)["logs"]


def test_a_step_does_not_change_the_environment_that_runs_it(
    researcher: Person, stack: Stack
) -> None:
    place = stack.environments.resolve() / "physics" / "bin"
    workflow = researcher.start(one_step(f"touch {place}/planted"))

    assert researcher.finish(workflow) == "failed"

    assert not (place / "planted").exists()


def test_a_link_that_a_step_leaves_leads_nowhere(researcher: Person, stack: Stack) -> None:
    target = stack.state.resolve() / "secrets.json"
    workflow = researcher.start(one_step(f"ln -s {target} stolen; ln -s / root"))
    researcher.finish(workflow)

    for path in ("stolen", f"root{target}"):
        answer = researcher.call("GET", f"/workflows/{workflow}/workspace/{path}")
        assert answer.status_code == 404


def test_a_run_says_which_environment_ran_it(researcher: Person) -> None:
    workflow = researcher.create(one_step("true"))

    used = researcher.ask("GET", f"/workflows/{workflow}/environment")

    assert (used["recorded"], used["used"]) == ("python:3.12", "Physics 2026.11")
    assert used["substituted"] is True
    assert used["isolation"]
    assert len(used["packages_sha256"]) == 64
    assert any(package.startswith("uproot==") for package in used["packages"])


def test_another_persons_workflow_is_not_there(researcher: Person, datamanager: Person) -> None:
    workflow = researcher.create(one_step("true"))

    for method, path in (
        ("GET", "status"),
        ("GET", "logs"),
        ("GET", "workspace"),
        ("GET", "environment"),
        ("POST", "start"),
    ):
        answer = datamanager.call(method, f"/workflows/{workflow}/{path}")
        assert answer.status_code == 404
        assert list(answer.json()) == ["message"]


def test_a_token_for_another_service_is_refused(stack: Stack) -> None:
    stranger = Person(stack.url("reana"), exchange(stack, sign_in(stack, "researcher"), "rucio"))

    answer = stranger.call("GET", "/you")

    assert answer.status_code == 403
    assert answer.json() == {"message": "Token not valid."}


@pytest.mark.parametrize("name", ["../escape", "/../escape", "a/../../escape", ""])
def test_an_upload_out_of_the_workspace_is_refused(researcher: Person, name: str) -> None:
    workflow = researcher.create(one_step("true"))

    answer = researcher.put(workflow, name, b"x")

    assert answer.status_code == 400


def test_a_part_of_a_file_can_be_asked_for(researcher: Person) -> None:
    workflow = researcher.create(one_step("true"))
    researcher.put(workflow, "data/large.bin", bytes(range(256)) * 8192)

    part = researcher.call(
        "GET",
        f"/workflows/{workflow}/workspace/data/large.bin",
        more_headers={"Range": "bytes=256-259"},
    )

    assert part.status_code == 206
    assert part.content == bytes([0, 1, 2, 3])


def test_a_page_of_files_tells_how_many_there_are(researcher: Person) -> None:
    workflow = researcher.create(one_step("true"))
    for number in range(5):
        researcher.put(workflow, f"data/{number}.txt", b"x")

    page = researcher.ask("GET", f"/workflows/{workflow}/workspace", params={"page": 2, "size": 2})

    assert [item["name"] for item in page["items"]] == ["data/2.txt", "data/3.txt"]
    assert (page["total"], page["has_next"], page["has_prev"]) == (5, True, True)


def test_logs_come_by_step_and_by_page(researcher: Person) -> None:
    workflow = researcher.start(one_step("echo first", "echo second", "echo third"))
    assert researcher.finish(workflow) == "finished"

    def printed(**asked: Any) -> list[str]:
        told = json.loads(researcher.ask("GET", f"/workflows/{workflow}/logs", **asked)["logs"])
        return [job["logs"].strip() for job in told["job_logs"].values()]

    assert printed(params={"page": 2, "size": 2}) == ["third"]
    assert printed(json=["only"]) == ["first", "second", "third"]
    assert printed(json=["another"]) == []


@pytest.mark.parametrize("of_the_first", [True, False])
def test_files_stay_where_they_are_while_a_run_or_its_restart_is_at_work(
    researcher: Person, of_the_first: bool
) -> None:
    first = researcher.start(one_step("sleep ${seconds}", seconds=600 if of_the_first else 0))
    if not of_the_first:
        assert researcher.finish(first) == "finished"
        again = {"restart": True, "input_parameters": {"seconds": 600}}
        running = researcher.ask("POST", f"/workflows/{first}/start", json=again)["workflow_id"]
    else:
        running = first
    wait_for(lambda: researcher.status(running)["status"] == "running")

    moved = researcher.call(
        "PUT", f"/workflows/move_files/{first}", params={"source": "a", "target": "b"}
    )
    pruned = researcher.call("POST", f"/workflows/{first}/prune")

    assert (moved.status_code, pruned.status_code) == (409, 409)
    assert "is running" in pruned.json()["message"]
    researcher.ask("PUT", f"/workflows/{running}/status", params={"status": "stop"}, json={})


def test_a_failing_command_ends_the_run_with_its_reason(researcher: Person) -> None:
    workflow = researcher.start(one_step("echo first; exit 7", "echo never"))

    assert researcher.finish(workflow) == "failed"

    status = researcher.status(workflow)
    assert status["logs"] == "Step 'only' ended with exit code 7."
    assert status["progress"]["failed"]["total"] == 1
    assert status["progress"]["total"]["total"] == 2
    assert "never" not in researcher.output(workflow)


def test_logs_grow_while_the_run_goes_on(researcher: Person) -> None:
    workflow = researcher.start(one_step("echo begun; sleep 600"))

    wait_for(lambda: researcher.output(workflow) == "begun\n")

    assert researcher.status(workflow)["status"] == "running"
    researcher.ask("PUT", f"/workflows/{workflow}/status", params={"status": "stop"}, json={})


def test_a_workflow_is_started_only_once(researcher: Person) -> None:
    workflow = researcher.start(one_step("true"))

    answer = researcher.call("POST", f"/workflows/{workflow}/start", json={})

    assert answer.status_code == 409
    assert "started before" in answer.json()["message"]


def test_two_runs_go_at_once_and_the_third_waits(caller: Person) -> None:
    workflows = [caller.start(one_step("sleep 600")) for _ in range(3)]

    wait_for(lambda: [caller.status(one)["status"] for one in workflows].count("running") == 2)

    assert caller.status(workflows[2])["status"] == "queued"
    stop = {"params": {"status": "stop"}, "json": {}}
    caller.ask("PUT", f"/workflows/{workflows[0]}/status", **stop)
    wait_for(lambda: caller.status(workflows[2])["status"] == "running")


def test_a_run_outlives_the_killed_service_and_ends_once(own: OwnRunner, caller: Person) -> None:
    workflow = caller.start(one_step("echo begun >> begun.txt; sleep 5; echo done"))
    wait_for(lambda: caller.status(workflow)["status"] == "running" and bool(own.processes()))

    own.kill()
    own.start()

    assert caller.finish(workflow) == "finished"
    assert caller.output(workflow) == "done\n"
    begun = caller.call("GET", f"/workflows/{workflow}/workspace/begun.txt").text
    assert begun == "begun\n"


def test_a_run_that_ends_while_the_service_is_down_is_not_lost(
    own: OwnRunner, caller: Person
) -> None:
    workflow = caller.start(one_step("echo begun; sleep 2; echo done"))
    wait_for(lambda: "begun" in caller.output(workflow))

    own.kill()
    wait_for(lambda: not own.processes())
    own.start()

    assert caller.finish(workflow) == "finished"
    assert caller.output(workflow) == "begun\ndone\n"


def test_a_stopped_service_leaves_no_process_and_takes_the_run_up_again(
    own: OwnRunner, caller: Person
) -> None:
    slow_at_first = "if [ -e again ]; then echo again; else touch again; sleep 600; fi"
    workflow = caller.start(one_step("echo once >> once.txt", slow_at_first))
    listed = f"/workflows/{workflow}/workspace/again"
    wait_for(lambda: caller.call("GET", listed).ok)

    own.terminate()
    left = own.processes()
    own.start()

    assert left == []
    assert caller.finish(workflow) == "finished"
    assert caller.call("GET", f"/workflows/{workflow}/workspace/once.txt").text == "once\n"
    assert "again" in caller.output(workflow)


def test_a_command_that_is_killed_each_time_fails_with_the_reason(
    own: OwnRunner, caller: Person
) -> None:
    workflow = caller.start(one_step("echo begun; sleep 600"))

    for attempt in (1, 2, 3):
        record = own.folder / "runs" / workflow / f"0.{attempt}" / "log"
        wait_for(record.exists)
        own.kill_keepers()

    assert caller.finish(workflow) == "failed"
    assert caller.status(workflow)["logs"] == "Step 'only' was killed 3 times."
    assert json.loads(caller.ask("GET", f"/workflows/{workflow}/logs")["logs"])["job_logs"]
