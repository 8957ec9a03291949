"""What the fake claims, a REANA service does: the same cases on both."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reproducibility.backends import WorkflowState
from tests.contract.workflow_parts import (
    GIVEN,
    KINDS,
    QUERY,
    QUICK,
    SLOW,
    World,
    a_name,
    specification,
    stop,
    worlds,
)
from vre_portal.errors import Conflict, CredentialExpired, InvalidRequest, NotFound

if TYPE_CHECKING:
    from _pytest.fixtures import FixtureRequest


@pytest.fixture(scope="module", params=[*KINDS, *QUERY])
def world(request: FixtureRequest) -> Iterator[World]:
    """The same on the fake and on the demo's runner; there with the token in the query, too."""
    yield from worlds(request.param)


def test_the_service_knows_the_person(world: World) -> None:
    person = world.backend.whoami(world.who)

    assert person.name == "researcher"
    assert "@" in person.email


def test_what_was_never_made_is_not_found(world: World) -> None:
    assert world.backend.find(world.who, a_name()) is None


def test_a_created_workflow_is_found_by_its_whole_name(world: World) -> None:
    name = a_name()

    made = world.backend.create(world.who, name, specification(QUICK))
    found = world.backend.find(world.who, name)

    assert found == made
    assert (made.name, made.state) == (f"{name}.1", WorkflowState.CREATED)
    assert world.backend.find(world.who, name[:-1]) is None


def test_of_two_runs_of_a_name_the_newest_is_found(world: World) -> None:
    name = a_name()
    first = world.backend.create(world.who, name, specification(QUICK))

    second = world.backend.create(world.who, name, specification(QUICK))
    found = world.backend.find(world.who, name)

    assert second.name == f"{name}.2"
    assert found is not None
    assert found.id in {first.id, second.id}


def test_a_specification_without_a_workflow_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequest, match="REANA says"):
        world.backend.create(world.who, a_name(), {"inputs": {}})


def test_uploaded_files_are_in_the_workspace_with_their_sizes(world: World) -> None:
    workflow = world.backend.create(world.who, a_name(), specification(QUICK))
    large = b"0123456789" * 200_000

    for path, content in {"data/in.txt": GIVEN, "code/a b.py": b"x", "large.bin": large}.items():
        world.backend.upload(world.who, workflow.id, path, io.BytesIO(content))
    files = world.backend.list_files(world.who, workflow.id)

    assert {file.path: file.size for file in files if file.path != "reana.yaml"} == {
        "data/in.txt": len(GIVEN), "code/a b.py": 1, "large.bin": len(large),
    }  # fmt: skip


def test_an_empty_file_can_be_uploaded(world: World) -> None:
    workflow = world.backend.create(world.who, a_name(), specification(QUICK))

    world.backend.upload(world.who, workflow.id, "code/__init__.py", io.BytesIO(b""))

    sizes = {file.path: file.size for file in world.backend.list_files(world.who, workflow.id)}
    assert sizes["code/__init__.py"] == 0


def test_an_upload_replaces_a_file(world: World) -> None:
    workflow = world.made()

    world.backend.upload(world.who, workflow.id, "data/in.txt", io.BytesIO(b"new"))

    assert b"".join(world.backend.download(world.who, workflow.id, "data/in.txt")) == b"new"


def test_a_workflow_runs_to_its_outputs(world: World) -> None:
    workflow = world.started()

    finished = world.until(workflow, WorkflowState.FINISHED)
    logs = world.backend.logs(world.who, workflow.id)
    pieces = world.backend.download(world.who, workflow.id, "results/out.txt")

    assert finished.id == workflow.id
    assert [(step.name, step.state) for step in logs.steps] == [
        ("wait", WorkflowState.FINISHED), ("write", WorkflowState.FINISHED),
    ]  # fmt: skip
    assert all(step.started_at and step.started_at.tzinfo for step in logs.steps)
    assert all(step.finished_at for step in logs.steps)
    assert logs.steps[0].command
    assert b"".join(pieces) == GIVEN + b" contract"


def test_a_failed_step_is_told_with_its_reason(world: World) -> None:
    workflow = world.backend.create(world.who, a_name(), specification(QUICK))
    world.backend.start(world.who, workflow.id, {})

    failed = world.until(workflow, WorkflowState.FAILED)
    logs = world.backend.logs(world.who, workflow.id)

    assert failed.state.ended
    assert logs.steps[-1].state is WorkflowState.FAILED
    assert logs.steps[-1].text
    assert logs.text


def test_a_file_that_is_not_there_is_not_found_before_the_first_piece(world: World) -> None:
    workflow = world.made()

    with pytest.raises(NotFound):
        world.backend.download(world.who, workflow.id, "results/nothing.txt")


def test_the_environment_says_what_is_used_instead(world: World) -> None:
    workflow = world.made()

    environment = world.backend.environment(world.who, workflow.id)

    assert environment.recorded
    assert environment.used == "Physics 2026.11"
    assert environment.substituted is True
    assert environment.isolation
    assert len(environment.packages_sha256) == 64
    assert any(package.startswith("uproot==") for package in environment.packages)


def test_a_second_start_is_a_conflict(world: World) -> None:
    workflow = world.started(SLOW)

    with pytest.raises(Conflict):
        world.backend.start(world.who, workflow.id, {})

    stop(world, workflow)


def test_a_workflow_that_was_not_started_is_cancelled(world: World) -> None:
    workflow = world.made()

    world.backend.cancel(world.who, workflow)

    assert world.backend.find(world.who, workflow.name.split(".")[0]) is None


def test_a_running_workflow_is_cancelled(world: World) -> None:
    workflow = world.started(SLOW)
    running = world.until(workflow, WorkflowState.RUNNING)

    world.backend.cancel(world.who, running)

    assert world.backend.get(world.who, workflow.id).state is WorkflowState.STOPPED


def test_an_order_for_another_state_is_a_conflict(world: World) -> None:
    workflow = world.made()
    wrong = replace(workflow, state=WorkflowState.RUNNING)

    with pytest.raises(Conflict):
        world.backend.cancel(world.who, wrong)


def test_cancelling_an_ended_workflow_changes_nothing(world: World) -> None:
    workflow = world.started()
    finished = world.until(workflow, WorkflowState.FINISHED)

    world.backend.cancel(world.who, finished)

    assert world.backend.get(world.who, workflow.id).state is WorkflowState.FINISHED


def test_another_persons_workflow_is_not_found(world: World) -> None:
    workflow = world.made()

    asks = (
        lambda: world.backend.get(world.other, workflow.id),
        lambda: world.backend.logs(world.other, workflow.id),
        lambda: world.backend.list_files(world.other, workflow.id),
        lambda: world.backend.start(world.other, workflow.id, {}),
        lambda: world.backend.download(world.other, workflow.id, "data/in.txt"),
        lambda: world.backend.upload(world.other, workflow.id, "x", io.BytesIO(b"x")),
        lambda: world.backend.cancel(world.other, workflow),
    )

    for ask in asks:
        with pytest.raises(NotFound):
            ask()
    assert world.backend.find(world.other, workflow.name.split(".")[0]) is None


def test_a_token_that_is_not_good_asks_to_sign_in_again(world: World) -> None:
    if world.fake:
        world.fake.expired.add("stale")
    stale = replace(world.who, token="stale")

    with pytest.raises(CredentialExpired, match=r"Sign in again|Paste a new one"):
        world.backend.whoami(stale)
