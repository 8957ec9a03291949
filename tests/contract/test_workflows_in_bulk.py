"""Workflows beyond one run: lists, restarts, deletion, files, secrets, shares; on both services."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
import yaml

from reproducibility.backends import (
    NotOffered,
    Ownership,
    SecretKind,
    WorkflowState,
    WorkspaceFile,
)
from tests.contract.workflow_parts import (
    GIVEN,
    KINDS,
    QUICK,
    SLOW,
    STRANGE_IMAGE,
    World,
    a_name,
    specification,
    stop,
    worlds,
)
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound, RangeNotSatisfiable

if TYPE_CHECKING:
    from _pytest.fixtures import FixtureRequest

MEBI = 1 << 20


@pytest.fixture(scope="module", params=KINDS)
def world(request: FixtureRequest) -> Iterator[World]:
    """The same on the fake and on the demo's runner."""
    yield from worlds(request.param)


def test_the_service_says_what_it_is(world: World) -> None:
    about = world.backend.about(world.who)

    assert about.version
    assert about.dialect.bundles
    assert about.dialect.bearer
    assert "serial" in about.engines
    assert "kubernetes" in about.compute_backends
    assert about.job_seconds


def test_many_workflows_are_listed_by_one_call(world: World) -> None:
    base = a_name()
    made = [
        world.backend.create(world.who, f"{base}-{number}", specification(QUICK))
        for number in range(5)
    ]

    page = world.backend.list_workflows(world.who, names=[f"{base}-{n}" for n in range(1, 5)])

    listed = [row.workflow for row in page.items]
    assert listed == list(reversed(made[1:]))
    assert not page.more
    assert all(row.created_at and row.created_at.tzinfo for row in page.items)


def test_a_list_tells_progress_times_and_size(world: World) -> None:
    workflow = world.started()
    world.until(workflow, WorkflowState.FINISHED)
    name = workflow.name.partition(".")[0]

    [row] = world.backend.list_workflows(world.who, names=[name]).items

    assert row.workflow.state is WorkflowState.FINISHED
    assert (row.progress.total, row.progress.finished, row.progress.failed) == (2, 2, 0)
    assert row.started_at
    assert row.ended_at
    assert row.started_at <= row.ended_at
    assert row.size is not None
    assert row.size >= len(GIVEN)


def test_a_list_comes_in_pages(world: World) -> None:
    base = a_name()
    names = [f"{base}-{number}" for number in range(3)]
    for name in names:
        world.backend.create(world.who, name, specification(QUICK))

    pages = [
        world.backend.list_workflows(world.who, names=names, page=number, size=2)
        for number in (1, 2)
    ]

    assert [len(page.items) for page in pages] == [2, 1]
    assert [page.more for page in pages] == [True, False]


def test_a_list_shows_the_wanted_states_only(world: World) -> None:
    workflow = world.made()
    name = workflow.name.partition(".")[0]

    def listed(state: WorkflowState) -> int:
        return len(world.backend.list_workflows(world.who, names=[name], states=[state]).items)

    assert listed(WorkflowState.CREATED) == 1
    assert listed(WorkflowState.FINISHED) == 0


def test_deleted_workflows_are_not_listed(world: World) -> None:
    workflow = world.made()

    world.backend.delete(world.who, workflow.id)

    name = workflow.name.partition(".")[0]
    assert world.backend.list_workflows(world.who, names=[name]).items == ()
    assert world.backend.find(world.who, name) is None


def test_all_runs_of_a_name_are_deleted_together(world: World) -> None:
    name = a_name()
    runs = [world.backend.create(world.who, name, specification(QUICK)) for _ in range(2)]

    world.backend.delete(world.who, runs[0].id, all_runs=True)

    assert world.backend.find(world.who, name) is None


def test_a_running_workflow_is_not_deleted(world: World) -> None:
    workflow = world.started(SLOW)
    world.until(workflow, WorkflowState.RUNNING)

    with pytest.raises(Conflict):
        world.backend.delete(world.who, workflow.id)

    stop(world, workflow)


def test_files_of_a_specification_are_in_the_workspace(world: World) -> None:
    text = yaml.safe_dump(specification(QUICK)).encode()

    made = world.backend.create(world.who, a_name(), specification(QUICK), {"reana.yaml": text})

    assert WorkspaceFile("reana.yaml", len(text)) in world.backend.list_files(world.who, made.id)


def test_a_restart_is_another_workflow_in_the_same_workspace(world: World) -> None:
    workflow = world.started()
    world.until(workflow, WorkflowState.FINISHED)

    again = world.backend.restart(world.who, workflow.id, {"word": "again"})
    world.until(again, WorkflowState.FINISHED)

    assert again.name == f"{workflow.name}.1"
    assert again.id != workflow.id
    pieces = world.backend.download(world.who, again.id, "results/out.txt")
    assert b"".join(pieces) == GIVEN + b" again"


def test_a_restart_takes_another_specification(world: World) -> None:
    workflow = world.started()
    world.until(workflow, WorkflowState.FINISHED)
    other = specification(QUICK)
    other["workflow"]["specification"]["steps"] = other["workflow"]["specification"]["steps"][1:]

    again = world.backend.restart(world.who, workflow.id, {}, specification=other)
    world.until(again, WorkflowState.FINISHED)

    names = [step.name for step in world.backend.logs(world.who, again.id).steps]
    assert names == ["write"]


def test_what_has_not_ended_is_not_restarted(world: World) -> None:
    workflow = world.started(SLOW)
    world.until(workflow, WorkflowState.RUNNING)

    with pytest.raises(Conflict):
        world.backend.restart(world.who, workflow.id, {})

    stop(world, workflow)


def test_a_start_takes_operational_options(world: World) -> None:
    made = world.backend.create(world.who, a_name(), specification(QUICK, image=STRANGE_IMAGE))
    world.backend.upload(world.who, made.id, "data/in.txt", io.BytesIO(GIVEN))

    world.backend.start(world.who, made.id, {}, options={"accept_substitution": "physics"})

    assert world.until(made, WorkflowState.FINISHED).id == made.id


def test_logs_of_single_steps(world: World) -> None:
    workflow = world.started()
    world.until(workflow, WorkflowState.FINISHED)

    logs = world.backend.logs(world.who, workflow.id, ["write"])

    assert [step.name for step in logs.steps] == ["write"]


def test_a_download_goes_on_where_it_ended(world: World) -> None:
    workflow = world.made()

    pieces = world.backend.download(world.who, workflow.id, "data/in.txt", offset=4)

    assert b"".join(pieces) == GIVEN[4:]


def test_behind_the_end_of_a_file_there_is_nothing(world: World) -> None:
    workflow = world.made()

    with pytest.raises(RangeNotSatisfiable):
        list(world.backend.download(world.who, workflow.id, "data/in.txt", offset=len(GIVEN)))


@pytest.mark.parametrize("path", ["*", "data"])
def test_a_folder_comes_as_a_zip(world: World, path: str) -> None:
    workflow = world.made()
    world.backend.upload(world.who, workflow.id, "data/deep/er.txt", io.BytesIO(b"deep"))

    packed = b"".join(world.backend.archive(world.who, workflow.id, path))

    with ZipFile(io.BytesIO(packed)) as archive:
        found = {name.lstrip("/"): archive.read(name) for name in archive.namelist()}
    assert {name: found[name] for name in ("data/in.txt", "data/deep/er.txt")} == {
        "data/in.txt": GIVEN, "data/deep/er.txt": b"deep",
    }  # fmt: skip


def test_a_single_file_is_no_archive(world: World) -> None:
    workflow = world.made()

    with pytest.raises(InvalidRequest):
        world.backend.archive(world.who, workflow.id, "data/in.txt")


def test_removed_files_are_gone(world: World) -> None:
    workflow = world.made()

    done = world.backend.remove_files(world.who, workflow.id, "data/in.txt")

    left = [file.path for file in world.backend.list_files(world.who, workflow.id)]
    assert done.files == (WorkspaceFile("data/in.txt", len(GIVEN)),)
    assert done.failed == ()
    assert "data/in.txt" not in left


def test_what_is_not_there_is_not_removed(world: World) -> None:
    workflow = world.made()

    with pytest.raises(NotFound):
        world.backend.remove_files(world.who, workflow.id, "nothing.txt")


def test_an_upload_of_a_told_size_is_watched(world: World) -> None:
    workflow = world.made()
    heard: list[int] = []

    world.backend.upload(
        world.who,
        workflow.id,
        "large.bin",
        io.BytesIO(bytes(3 * MEBI)),
        size=3 * MEBI,
        progress=heard.append,
    )

    assert heard[-1] == 3 * MEBI
    assert heard == sorted(heard)
    assert WorkspaceFile("large.bin", 3 * MEBI) in world.backend.list_files(world.who, workflow.id)


def test_nothing_stays_of_a_file_that_ends_too_early(world: World) -> None:
    workflow = world.made()

    with pytest.raises(InvalidRequest):
        world.backend.upload(world.who, workflow.id, "short", io.BytesIO(b"abc"), size=4)

    paths = [file.path for file in world.backend.list_files(world.who, workflow.id)]
    assert "short" not in paths


def test_a_workspace_says_what_it_takes(world: World) -> None:
    workflow = world.made()
    before = world.backend.disk_usage(world.who, workflow.id)

    world.backend.upload(world.who, workflow.id, "more.txt", io.BytesIO(b"x" * 1000))

    assert world.backend.disk_usage(world.who, workflow.id) == before + 1000


def test_the_quota_counts_what_is_in_workspaces(world: World) -> None:
    workflow = world.made()
    before = world.backend.quota(world.who).disk

    world.backend.upload(world.who, workflow.id, "more.txt", io.BytesIO(b"x" * 1000))
    after = world.backend.quota(world.who).disk

    assert before
    assert after
    assert after.used >= before.used + 1000


def test_secrets_are_kept_by_name_and_forgotten(world: World) -> None:
    name = f"KEY_{a_name()[-8:]}"

    world.backend.add_secret(world.who, name, b"value", kind=SecretKind.FILE)

    kinds = {one.name: one.kind for one in world.backend.secrets(world.who)}
    assert kinds[name] is SecretKind.FILE
    assert name not in {one.name for one in world.backend.secrets(world.other)}
    world.backend.remove_secret(world.who, name)
    assert name not in {one.name for one in world.backend.secrets(world.who)}


def test_a_secret_is_not_replaced_by_mistake(world: World) -> None:
    name = f"KEY_{a_name()[-8:]}"
    world.backend.add_secret(world.who, name, b"value")

    with pytest.raises(Conflict):
        world.backend.add_secret(world.who, name, b"other")
    world.backend.add_secret(world.who, name, b"other", overwrite=True)

    world.backend.remove_secret(world.who, name)


def test_a_secret_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.backend.remove_secret(world.who, f"KEY_{a_name()[-8:]}")


def test_a_shared_workflow_is_read_by_somebody_else_and_not_changed(world: World) -> None:
    workflow = world.made()
    email = world.backend.whoami(world.other).email

    world.backend.share(world.who, workflow.id, email)

    pieces = world.backend.download(world.other, workflow.id, "data/in.txt")
    assert b"".join(pieces) == GIVEN
    assert world.backend.get(world.other, workflow.id).id == workflow.id
    orders: tuple[Callable[[], object], ...] = (
        lambda: world.backend.upload(world.other, workflow.id, "x", io.BytesIO(b"x")),
        lambda: world.backend.start(world.other, workflow.id, {}),
        lambda: world.backend.delete(world.other, workflow.id),
    )
    for order in orders:
        with pytest.raises(Forbidden):
            order()


def test_shared_workflows_are_listed_with_their_owner(world: World) -> None:
    workflow = world.made()
    mine, theirs = (world.backend.whoami(one).email for one in (world.who, world.other))
    world.backend.share(world.who, workflow.id, theirs)
    name = [workflow.name.partition(".")[0]]

    [seen] = world.backend.list_workflows(
        world.other, names=name, ownership=Ownership.SHARED_WITH_ME
    ).items
    [own] = world.backend.list_workflows(world.who, names=name).items

    assert seen.owner == mine
    assert own.shared_with == (theirs,)
    assert world.backend.list_workflows(world.other, names=name).items == ()


def test_a_share_has_an_end_and_is_taken_back(world: World) -> None:
    workflow = world.made()
    email = world.backend.whoami(world.other).email
    last = datetime.now(UTC).date() + timedelta(days=30)

    world.backend.share(world.who, workflow.id, email, until=last, message="Look at this.")

    [share] = world.backend.shares(world.who, workflow.id)
    assert share.email == email
    assert share.until is not None
    assert share.until.date() == last
    with pytest.raises(Conflict):
        world.backend.share(world.who, workflow.id, email)
    world.backend.unshare(world.who, workflow.id, email)
    assert world.backend.shares(world.who, workflow.id) == ()


def test_a_workflow_says_what_is_kept_for_how_long(world: World) -> None:
    workflow = world.made()

    assert world.backend.retention(world.who, workflow.id) == ()


def test_a_service_without_sessions_says_so(world: World) -> None:
    if world.fake:
        world.fake.has_sessions = False
    workflow = world.made()

    with pytest.raises(NotOffered):
        world.backend.open_session(world.who, workflow.id)
    with pytest.raises(NotFound):
        world.backend.close_session(world.who, workflow.id)


def test_nothing_of_another_persons_workflow_is_told(world: World) -> None:
    workflow = world.made()

    asks: tuple[Callable[[], object], ...] = (
        lambda: world.backend.restart(world.other, workflow.id, {}),
        lambda: world.backend.delete(world.other, workflow.id),
        lambda: world.backend.retention(world.other, workflow.id),
        lambda: world.backend.shares(world.other, workflow.id),
        lambda: world.backend.share(world.other, workflow.id, "x@localhost", until=date.max),
        lambda: world.backend.archive(world.other, workflow.id),
        lambda: world.backend.remove_files(world.other, workflow.id, "*"),
        lambda: world.backend.disk_usage(world.other, workflow.id),
    )

    for ask in asks:
        with pytest.raises(NotFound):
            ask()
