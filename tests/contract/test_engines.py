"""All four workflow engines run the same analysis to the same bytes, and tell of each step."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demo.stack import Stack
from tests.contract.engine_cases import CASES, GREETINGS, NAMES, SNAKEMAKE, STEPS, Case
from tests.contract.runner import Person, one_step, wait_for
from tests.signin import exchange, running_stack, sign_in

DRIVEN = ("snakemake", "cwl", "yadage")


@pytest.fixture(scope="module")
def stack() -> Stack:
    """The running stack."""
    return running_stack()


@pytest.fixture(scope="module")
def researcher(stack: Stack) -> Person:
    """Somebody who runs workflows."""
    token = exchange(stack, sign_in(stack, "researcher"), "reana")
    return Person(stack.url("reana"), token)


def created(person: Person, case: Case, **changes: Any) -> str:
    """Return a workflow with its files in place."""
    workflow = person.create({**case.specification, **changes})
    person.put(workflow, "data/names.txt", NAMES)
    for name, content in case.files.items():
        person.put(workflow, name, content.encode())
    return workflow


def started(person: Person, case: Case, **changes: Any) -> str:
    """Return a workflow that is on its way."""
    workflow = created(person, case, **changes)
    person.ask("POST", f"/workflows/{workflow}/start", json={})
    return workflow


def logs_of(person: Person, workflow: str) -> dict[str, Any]:
    """Return the logs of a run's jobs, by the names of their steps."""
    logs = json.loads(person.ask("GET", f"/workflows/{workflow}/logs")["logs"])
    return {job["job_name"]: job for job in logs["job_logs"].values()}


@pytest.mark.parametrize("engine", CASES)
def test_each_engine_makes_the_same_bytes(researcher: Person, engine: str) -> None:
    case = CASES[engine]

    workflow = started(researcher, case)

    assert researcher.finish(workflow) == "finished", researcher.status(workflow)["logs"]
    made = researcher.call("GET", f"/workflows/{workflow}/workspace/{case.result}")
    assert made.content == GREETINGS


@pytest.mark.parametrize("engine", DRIVEN)
def test_each_step_is_a_job_with_its_command_times_and_state(
    researcher: Person, engine: str
) -> None:
    workflow = started(researcher, CASES[engine])
    researcher.finish(workflow)

    jobs = logs_of(researcher, workflow)
    progress = researcher.status(workflow)["progress"]

    assert tuple(jobs) == STEPS
    assert "sort" in jobs["arrange"]["cmd"]
    assert jobs["arrange"]["docker_img"].endswith("python:3.12-slim")
    assert {job["status"] for job in jobs.values()} == {"finished"}
    assert all(job["started_at"] and job["finished_at"] for job in jobs.values())
    counts = {key: progress[key]["total"] for key in ("total", "running", "finished", "failed")}
    assert counts == {"total": 2, "running": 0, "finished": 2, "failed": 0}


def test_what_a_step_of_an_engine_prints_is_its_log_while_it_runs(researcher: Person) -> None:
    slow = SNAKEMAKE.files["workflow/Snakefile"].replace("arranging;", "arranging; sleep 600;")
    case = Case(
        SNAKEMAKE.result, SNAKEMAKE.workflow, SNAKEMAKE.parameters, {"workflow/Snakefile": slow}
    )
    workflow = started(researcher, case)

    wait_for(lambda: researcher.output(workflow) == "arranging\n")

    progress = researcher.status(workflow)["progress"]
    assert (progress["running"]["total"], progress["total"]["total"]) == (1, 2)
    assert progress["current_step_name"] == "arrange"
    researcher.ask("PUT", f"/workflows/{workflow}/status", params={"status": "stop"}, json={})
    assert logs_of(researcher, workflow)["arrange"]["status"] == "stopped"


def test_the_step_of_an_engine_that_fails_is_named(researcher: Person) -> None:
    broken = SNAKEMAKE.files["workflow/Snakefile"].replace("arranging;", "no luck; exit 3;")
    case = Case(
        SNAKEMAKE.result, SNAKEMAKE.workflow, SNAKEMAKE.parameters, {"workflow/Snakefile": broken}
    )

    workflow = started(researcher, case)

    assert researcher.finish(workflow) == "failed"
    assert "'arrange'" in researcher.status(workflow)["logs"]
    assert logs_of(researcher, workflow)["arrange"]["logs"] == "no luck\n"
    assert researcher.status(workflow)["progress"]["failed"]["total"] == 1


def test_an_engine_that_cannot_read_its_workflow_fails_with_the_reason(
    researcher: Person,
) -> None:
    case = Case(
        SNAKEMAKE.result,
        SNAKEMAKE.workflow,
        SNAKEMAKE.parameters,
        {"workflow/Snakefile": "rule without colon"},
    )

    workflow = started(researcher, case)

    assert researcher.finish(workflow) == "failed"
    assert researcher.status(workflow)["logs"].startswith("The snakemake engine ended with")


def test_python_code_of_a_snakemake_rule_runs(researcher: Person) -> None:
    snakefile = """
rule all:
    output: "results/code.txt"
    run:
        with open(output[0], "w") as made:
            made.write("from Python")
"""
    case = Case("results/code.txt", SNAKEMAKE.workflow, {}, {"workflow/Snakefile": snakefile})

    workflow = started(researcher, case)

    assert researcher.finish(workflow) == "finished", researcher.status(workflow)["logs"]
    made = researcher.call("GET", f"/workflows/{workflow}/workspace/results/code.txt")
    assert made.text == "from Python"


def test_steps_of_an_engine_run_in_the_local_environment(researcher: Person) -> None:
    asking = SNAKEMAKE.files["workflow/Snakefile"].replace("arranging;", "`which python`;")
    case = Case(
        SNAKEMAKE.result, SNAKEMAKE.workflow, SNAKEMAKE.parameters, {"workflow/Snakefile": asking}
    )

    workflow = started(researcher, case)
    researcher.finish(workflow)

    assert logs_of(researcher, workflow)["arrange"]["logs"].endswith("envs/physics/bin/python\n")


def test_a_missing_workflow_file_is_told(researcher: Person) -> None:
    workflow = researcher.create(SNAKEMAKE.specification)

    answer = researcher.call("POST", f"/workflows/{workflow}/start", json={})

    assert answer.status_code == 400
    assert "workflow/Snakefile is not in the workspace" in answer.json()["message"]


def test_an_image_that_nothing_stands_in_for_is_refused_with_the_way_out(
    researcher: Person,
) -> None:
    specification = one_step("true")
    steps = specification["workflow"]["specification"]["steps"]
    steps[0]["environment"] = "example.org/unheard:1"
    workflow = researcher.create(specification)

    refused = researcher.call("POST", f"/workflows/{workflow}/start", json={})
    accepted = researcher.call(
        "POST",
        f"/workflows/{workflow}/start",
        json={"operational_options": {"accept_substitution": "physics"}},
    )

    assert refused.status_code == 400
    assert "accept_substitution" in refused.json()["message"]
    assert accepted.ok
    assert researcher.finish(workflow) == "finished"


def test_an_option_of_another_engine_is_refused(researcher: Person) -> None:
    answer = researcher.call(
        "POST",
        "/workflows",
        params={"workflow_name": "wrong-option"},
        json={**one_step("true"), "inputs": {"options": {"report": "report.html"}}},
    )

    assert answer.status_code == 400
    assert "'report' is not supported for serial" in answer.json()["message"]


def test_a_run_that_asks_for_the_network_is_refused_where_nobody_has_it(
    researcher: Person,
) -> None:
    workflow = researcher.create(one_step("true"))

    answer = researcher.call(
        "POST",
        f"/workflows/{workflow}/start",
        json={"operational_options": {"network": True}},
    )

    assert answer.status_code == 403
    assert "no network" in answer.json()["message"]
