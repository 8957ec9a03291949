"""A comparison of two sides meets what is gone, large, damaged, hostile or silent."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from accounts.models import User
from reproducibility.models import KEPT, Analysis, ComparedPair, ComparisonState, Run
from reproducibility.services import recorded_files, side_contents
from tests.fakes.workflows import FakeWorkflows, Killed
from tests.unit.reproducibility.sides.turns import (
    FIT,
    ask,
    give,
    look,
    operation_of,
    turn,
    work,
)
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import Conflict, UpstreamUnavailable


@pytest.mark.usefixtures("large")
def test_a_large_output_is_fetched_from_the_service(
    alice: User, first: Run, second: Run, workflow_backend: FakeWorkflows
) -> None:
    before = workflow_backend.calls["download"]

    made = work(ask(alice, first.pk, second.pk).job)

    assert workflow_backend.calls["download"] == before + 1
    assert look(alice, first.pk, second.pk).outcomes[FIT]["comparison"] is not None
    assert not (get_config().work_folder / made.pk.hex).exists()


@pytest.mark.usefixtures("large")
def test_an_output_that_is_gone_at_the_service_is_told(
    alice: User, first: Run, second: Run, workflow_backend: FakeWorkflows
) -> None:
    del workflow_backend.workflows[second.workflow_id].files[FIT]

    made = work(ask(alice, first.pk, second.pk).job)

    contents = look(alice, first.pk, second.pk)
    assert made.state == ComparisonState.DONE
    assert contents.problems[FIT].startswith("Run 2: Its file is not at the workflow service")
    assert contents.can_start


def test_an_output_that_changed_at_the_service_is_not_compared(
    alice: User, first: Run, second: Run, large: bytes, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.workflows[second.workflow_id].files[FIT] = large.replace(b"91", b"92")

    work(ask(alice, first.pk, second.pk).job)

    assert "another file now" in look(alice, first.pk, second.pk).problems[FIT]
    assert not ComparedPair.objects.exists()


def test_more_than_was_announced_is_not_read(
    alice: User, first: Run, second: Run, large: bytes, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.workflows[second.workflow_id].files[FIT] = large * 3

    work(ask(alice, first.pk, second.pk).job)

    assert "another file now" in look(alice, first.pk, second.pk).problems[FIT]


@pytest.mark.usefixtures("large")
def test_a_silent_service_is_waited_for(
    alice: User, first: Run, second: Run, workflow_backend: FakeWorkflows
) -> None:
    job = ask(alice, first.pk, second.pk).job
    assert job
    with workflow_backend.down(UpstreamUnavailable("REANA is down", service="reana")):
        turn(job)
        job.refresh_from_db()

    assert job.active
    assert job.message == "REANA does not answer at the moment; it goes on by itself."
    assert work(job).state == ComparisonState.DONE


@pytest.mark.usefixtures("large")
def test_a_service_that_stays_silent_ends_it_with_a_reason(
    alice: User, first: Run, second: Run, workflow_backend: FakeWorkflows
) -> None:
    job = ask(alice, first.pk, second.pk).job
    with workflow_backend.down(UpstreamUnavailable("REANA is down", service="reana")):
        made = work(job)

    assert (made.state, made.message) == (ComparisonState.FAILED, "REANA is down")
    assert work(ask(alice, first.pk, second.pk).job).state == ComparisonState.DONE


@pytest.mark.usefixtures("large")
def test_an_output_beyond_the_bound_is_told(
    alice: User, first: Run, second: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_RECORDED_FILE_BYTES", str(KEPT))
    get_config.cache_clear()

    work(ask(alice, first.pk, second.pk).job)

    assert "too large to be looked into" in look(alice, first.pk, second.pk).problems[FIT]


@pytest.mark.usefixtures("large")
def test_without_room_on_the_disk_nothing_is_fetched(
    alice: User,
    first: Run,
    second: Run,
    workflow_backend: FakeWorkflows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VRE_RECORDED_SPARE_BYTES", str(2**60))
    get_config.cache_clear()
    before = workflow_backend.calls["download"]

    work(ask(alice, first.pk, second.pk).job)

    assert "no room" in look(alice, first.pk, second.pk).problems[FIT]
    assert workflow_backend.calls["download"] == before


def test_of_very_many_outputs_the_first_are_looked_into(
    alice: User, first: Run, second: Run
) -> None:
    for number in range(side_contents.MOST_OUTPUTS):
        give(first, f"more/{number:03}.txt", b"1\n")
        give(second, f"more/{number:03}.txt", b"2\n")

    contents = look(alice, first.pk, second.pk)

    assert len(contents.pending) == side_contents.MOST_OUTPUTS
    assert contents.left_out == 1


def test_only_so_many_go_on_at_the_same_time(
    alice: User, first: Run, second: Run, analysis: Analysis
) -> None:
    others = []
    for number in range(side_contents.AT_ONCE):
        other = Run.objects.create(
            user=alice, analysis=analysis, version=analysis.newest, number=10 + number
        )
        give(other, FIT, b'{"mass": %d}' % number)
        others.append(ask(alice, first.pk, other.pk).job)

    with pytest.raises(Conflict, match="under way"):
        ask(alice, first.pk, second.pk)

    work(others[0])
    assert ask(alice, first.pk, second.pk).job


@pytest.mark.usefixtures("large")
def test_a_worker_that_is_killed_costs_one_output(
    alice: User, first: Run, second: Run, workflow_backend: FakeWorkflows
) -> None:
    job = ask(alice, first.pk, second.pk).job
    assert job
    workflow_backend.kill_after("download", workflow_backend.calls["download"] + 1)
    with pytest.raises(Killed):
        turn(job)
    held = operation_of(job).lease

    made = work(job)

    assert held is not None
    assert made.state == ComparisonState.DONE
    assert ComparedPair.objects.count() == 1
    assert not (get_config().work_folder / made.pk.hex).exists()


def test_a_hostile_file_is_different_and_no_more(alice: User, first: Run, second: Run) -> None:
    for number, run in enumerate((first, second)):
        give(run, "deep.json", b"[" * (100_000 + number))
        give(run, "bad.root", b"root" + os.urandom(4000))

    made = work(ask(alice, first.pk, second.pk).job)

    assert made.state == ComparisonState.DONE
    assert look(alice, first.pk, second.pk).levels == {
        "bad.root": "different", "deep.json": "different", FIT: "different",
    }  # fmt: skip


def test_a_recorded_file_that_is_damaged_is_told_and_removed(
    alice: User, analysis: Analysis, second: Run, tmp_path: Path
) -> None:
    content = b'{"mass": 1}' + b" " * KEPT
    whole = tmp_path / "whole"
    whole.write_bytes(content)
    checksum = sha256(content).hexdigest()
    recorded_files.keep(whole, checksum, len(content))
    analysis.newest.outputs.filter(path=FIT).update(content=b"", sha256=checksum, size=len(content))
    kept = recorded_files.find(checksum, len(content))
    assert kept
    kept.write_bytes(content.replace(b"1", b"2"))

    work(ask(alice, second.pk, analysis.newest.pk).job)

    words = look(alice, second.pk, analysis.newest.pk).problems[FIT]
    assert words == "Recorded, version 1: the file that was kept here is damaged."
    assert recorded_files.find(checksum, len(content)) is None


def test_a_recorded_output_that_is_not_here_is_told(
    alice: User, analysis: Analysis, second: Run
) -> None:
    analysis.newest.outputs.filter(path=FIT).update(content=b"", sha256="0" * 64)

    work(ask(alice, second.pk, analysis.newest.pk).job)

    words = look(alice, second.pk, analysis.newest.pk).problems[FIT]
    assert words.startswith("Recorded, version 1: Only its checksum is kept here")


def test_a_site_that_looks_into_no_files_says_so(
    alice: User, first: Run, second: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VRE_PREVIEW_PYTHON", raising=False)
    get_config.cache_clear()

    assert not look(alice, first.pk, second.pk).can_start
    with pytest.raises(Conflict, match="only checksums"):
        ask(alice, first.pk, second.pk)


def test_a_comparison_that_is_gone_leaves_nothing_to_do(
    alice: User, first: Run, second: Run
) -> None:
    job = ask(alice, first.pk, second.pk).job
    assert job
    operation = operation_of(job)
    job.delete()

    operations.advance(operation.pk)

    operation.refresh_from_db()
    assert operation.state == "done"
