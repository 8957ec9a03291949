"""Outputs of any format and size get a verdict with numbers, within what the analysis declares."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.models import AnalysisVersion, RecordedOutput, Run, RunState
from reproducibility.services import fetching, staging, verdicts
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import RECORDED, finish, operation_of
from tests.unit.reproducibility.test_crashes import until_killed

FIT = "results/fit.json"
MOVED = RECORDED[FIT].replace(b"91.19", b"91.1900001")


@pytest.fixture
def moved(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run one of whose outputs has a number that is a little away."""
    workflow_backend.runs_by_itself = True
    workflow_backend.gives({**RECORDED, FIT: MOVED})
    return run


def of_fit(run: Run) -> dict[str, object]:
    assert run.verdict is not None
    return dict(next(each for each in run.verdict["outputs"] if each["path"] == FIT))


def test_a_number_within_the_tolerance_is_equal(moved: Run) -> None:
    RecordedOutput.objects.filter(path=FIT).update(tolerance={"rtol": 1e-6})

    finish(moved)

    assert of_fit(moved)["level"] == "numerically-equal"
    assert moved.message == "1 of 2 outputs bit-identical, 1 numerically-equal."
    assert verdicts.is_reproduced(moved)


def test_a_number_beyond_it_is_different(moved: Run) -> None:
    RecordedOutput.objects.filter(path=FIT).update(tolerance={"rtol": 1e-12})

    finish(moved)

    assert of_fit(moved)["level"] == "different"
    assert not verdicts.is_reproduced(moved)


def test_other_bytes_with_the_same_content_are_content_identical(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    workflow_backend.gives({**RECORDED, FIT: b'{"width": 2.50, "mass": 91.19}'})

    finish(run)

    assert of_fit(run)["level"] == "content-identical"


def test_how_it_differs_stands_beside_the_output(moved: Run) -> None:
    finish(moved)

    output = moved.outputs.get(path=FIT)
    told = verdicts.whole(moved)
    assert of_fit(moved)["comparison"] is None
    assert output.comparison is not None
    assert output.comparison["differing"] == 1
    assert output.comparison["differences"][0]["where"] == "mass"
    assert told is not None
    assert told["outputs"][0]["comparison"] == output.comparison


@pytest.mark.parametrize(
    ("given", "level", "words"),
    [
        (RECORDED[FIT], "bit-identical", "No byte differs."),
        (MOVED, "different", "instead of"),
        (RECORDED[FIT][::-1], "different", "only the checksum is compared"),
        (None, "missing", "did not give"),
    ],
)
def test_what_was_too_large_to_be_kept_is_compared_by_its_checksum(
    run: Run,
    workflow_backend: FakeWorkflows,
    given: bytes | None,
    level: str,
    words: str,
) -> None:
    RecordedOutput.objects.filter(path=FIT).update(content=b"")
    workflow_backend.runs_by_itself = True
    others = {path: content for path, content in RECORDED.items() if path != FIT}
    workflow_backend.gives(others if given is None else {**others, FIT: given})

    finish(run)

    assert of_fit(run)["level"] == level
    assert words in str(of_fit(run)["detail"])


def test_a_found_file_that_is_far_too_large_is_not_kept_on_disk(
    run: Run, workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "ALWAYS_TAKEN", 10)
    workflow_backend.runs_by_itself = True
    workflow_backend.gives({**RECORDED, FIT: b"x" * 5000})

    finish(run)

    assert of_fit(run)["level"] == "different"
    assert "4.9 KiB instead of" in str(of_fit(run)["detail"])


@pytest.mark.parametrize(
    "case",
    [
        (True, "a:1", "", "substituted"),
        (True, "a:1", "ab" * 32, "same-lock"),
        (False, "a:1", "", "exact"),
        (None, "a:1", "", "unknown"),
        (None, "a@sha256:00", "", "exact"),
    ],
)
def test_the_environment_is_told_by_what_is_known_of_it(
    run: Run,
    workflow_backend: FakeWorkflows,
    case: tuple[bool | None, str, str, str],
) -> None:
    substituted, image, lock, expected = case
    recorded = {"packages_sha256": lock} if lock else {}
    AnalysisVersion.objects.update(environment=image, surroundings=recorded)
    told = workflow_backend.environment_told
    workflow_backend.environment_told = replace(told, substituted=substituted)
    workflow_backend.runs_by_itself = True

    finish(run)

    assert run.verdict is not None
    assert run.verdict["environment"] == expected


def test_nothing_of_the_outputs_stays_on_the_workers_disk(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True

    finish(run)

    assert run.state == RunState.FINISHED
    assert not staging.work_folder(run).exists()


def test_the_page_says_which_output_is_compared(run: Run, workflow_backend: FakeWorkflows) -> None:
    workflow_backend.runs_by_itself = True
    workflow_backend.kill_after("download", 2)

    until_killed(run)

    run.refresh_from_db()

    assert operation_of(run).lease is not None
    assert run.message.startswith("Comparing output 2, results/mass.png")


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(0, 200))
def test_a_file_is_kept_whole_or_not_at_all(pieces: list[bytes], most: int) -> None:

    content = b"".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        found = fetching.read(pieces, to=Path(folder, "x"), most=most)

        assert (found.sha256, found.size) == (sha256(content).hexdigest(), len(content))
        assert (found.path is not None) == (len(content) <= most)
        assert found.path is None or found.path.read_bytes() == content
        assert len(list(Path(folder).iterdir())) == int(found.path is not None)
