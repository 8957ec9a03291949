"""Outputs that the database has no room for are recorded by a proof, and compared by contents."""

from __future__ import annotations

import resource
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from reproducibility import services
from reproducibility.models import KEPT, AnalysisVersion, Proof, Run, RunState
from reproducibility.services import recorded_files, staging, verdicts
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.capturing.conftest import FILES, prove, saved
from tests.unit.reproducibility.conftest import finish
from vre_portal.config import get_config

TABLE = "results/table.csv"
SPECIFICATION = FILES["reana.yaml"].replace(b"results/fit.json", TABLE.encode())
LARGE = {**FILES, "reana.yaml": SPECIFICATION}
ROWS = 400_000


def table(ends: bytes = b"\n", moved: float = 0.0) -> bytes:
    """Return some 6 MiB of a table, one number of which may be away a little."""
    rows: Iterable[bytes] = (b"%d,%.6f" % (n, 91.19 + n + moved * (n == 7)) for n in range(ROWS))
    return ends.join([b"event,mass", *rows, b""])


RECORDED = table()
SUM = sha256(RECORDED).hexdigest()


@pytest.fixture
def version(alice: User, workflow_backend: FakeWorkflows) -> AnalysisVersion:
    """A version whose proof gave the table."""
    workflow_backend.gives({TABLE: RECORDED})
    return prove(saved(alice, LARGE), workflow_backend)


def reproduced(
    user: User, version: AnalysisVersion, workflow_backend: FakeWorkflows, content: bytes
) -> tuple[str, str, Run]:
    """Return level and words of the table as a reproduction gives it, and the run."""
    workflow_backend.gives({TABLE: content})
    run = finish(services.start_run(user, version.analysis, version=version))
    assert run.verdict is not None, run.message
    (told,) = run.verdict["outputs"]
    return told["level"], told["detail"], run


def lying() -> Path:
    """Return where the recorded table lies."""
    found = recorded_files.find(SUM, len(RECORDED))
    assert found is not None
    return found


def test_a_proof_records_a_large_output_as_a_file(version: AnalysisVersion) -> None:
    (output,) = version.outputs.all()

    assert version.proof == Proof.PASSED
    assert (output.sha256, output.size, bytes(output.content)) == (SUM, len(RECORDED), b"")
    assert len(RECORDED) > KEPT
    assert lying().read_bytes() == RECORDED


def test_other_bytes_with_the_same_numbers_are_content_identical(
    alice: User, version: AnalysisVersion, workflow_backend: FakeWorkflows
) -> None:
    level, _words, run = reproduced(alice, version, workflow_backend, table(ends=b"\r\n"))

    assert level == "content-identical"
    assert not staging.work_folder(run).exists()


@pytest.mark.parametrize(
    ("tolerance", "level"), [({"rtol": 1e-6}, "numerically-equal"), ({}, "different")]
)
def test_numbers_are_compared_within_what_is_declared(
    alice: User,
    version: AnalysisVersion,
    workflow_backend: FakeWorkflows,
    tolerance: dict[str, float],
    level: str,
) -> None:
    version.outputs.update(tolerance=tolerance)

    found, words, run = reproduced(alice, version, workflow_backend, table(moved=1e-5))

    comparison = run.outputs.get().comparison
    assert (found, "mass[7]" in words) == (level, True)
    assert comparison is not None
    assert comparison["compared"] >= 2 * ROWS
    assert (comparison["differing"], comparison["differences"][0]["where"]) == (1, "mass[7]")


def test_a_recorded_file_that_is_gone_is_compared_by_its_checksum_and_told(
    alice: User, version: AnalysisVersion, workflow_backend: FakeWorkflows
) -> None:
    lying().unlink()

    level, words, _run = reproduced(alice, version, workflow_backend, table(ends=b"\r\n"))

    assert level == "different"
    assert "only the checksum is compared: the recorded file is not kept here" in words


def test_one_that_goes_just_then_is_told_alike(
    alice: User,
    version: AnalysisVersion,
    workflow_backend: FakeWorkflows,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(recorded_files, "find", lambda *_: tmp_path / "gone")

    level, words, _run = reproduced(alice, version, workflow_backend, table(ends=b"\r\n"))

    assert level == "different"
    assert words.endswith("the recorded file is not kept here.")


def test_a_large_output_that_is_not_given_is_missing(
    alice: User, version: AnalysisVersion, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.gives({})

    run = finish(services.start_run(alice, version.analysis, version=version))

    assert run.verdict is not None
    assert run.verdict["level"] == "missing"


def test_a_damaged_one_is_told_and_removed(
    alice: User, version: AnalysisVersion, workflow_backend: FakeWorkflows
) -> None:
    lying().write_bytes(RECORDED[:-9] + b"damaged\n\n")

    level, words, run = reproduced(alice, version, workflow_backend, table(moved=1.0))

    assert level == "different"
    assert words == (
        "The bytes differ; only the checksum is compared: the recorded file that was kept here "
        "is damaged."
    )
    assert run.outputs.get().comparison is None
    assert recorded_files.find(SUM, len(RECORDED)) is None


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_a_run_that_gives_the_same_file_brings_it_back(
    alice: User, version: AnalysisVersion, workflow_backend: FakeWorkflows, harm: str
) -> None:
    where = lying()
    where.unlink()
    if harm == "damaged":
        where.write_bytes(RECORDED[:-9] + b"damaged\n\n")

    level, words, _run = reproduced(alice, version, workflow_backend, RECORDED)

    assert (level, words) == ("bit-identical", "No byte differs.")
    assert where.read_bytes() == RECORDED


@pytest.mark.parametrize("setting", ["RECORDED_BYTES", "RECORDED_VERSION_BYTES"])
def test_without_room_the_checksum_is_recorded_and_the_page_says_so(
    alice: User,
    browser: Client,
    workflow_backend: FakeWorkflows,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
) -> None:
    monkeypatch.setenv(f"VRE_{setting}", str(5 << 20))
    get_config.cache_clear()
    workflow_backend.gives({TABLE: RECORDED})

    version = prove(saved(alice, LARGE), workflow_backend)

    (output,) = version.outputs.all()
    page = browser.get(f"/analyses/{version.analysis.slug}").text
    download = browser.get(f"/analyses/{version.analysis.slug}/outputs/{TABLE}")
    assert version.proof == Proof.PASSED
    assert (output.sha256, bytes(output.content)) == (SUM, b"")
    assert recorded_files.find(SUM, len(RECORDED)) is None
    assert "Only its checksum is kept here" in page
    assert download.status_code == 404


def test_a_run_s_file_that_is_too_large_for_this_machine_is_compared_by_its_checksum(
    alice: User,
    version: AnalysisVersion,
    workflow_backend: FakeWorkflows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verdicts, "ALWAYS_TAKEN", 10)
    monkeypatch.setenv("VRE_RECORDED_FILE_BYTES", str(KEPT))
    get_config.cache_clear()

    level, words, _run = reproduced(alice, version, workflow_backend, table(ends=b"\r\n"))

    assert level == "different"
    assert words.endswith("only the checksum is compared: the run's file is too large to be "
                          "compared here.")  # fmt: skip


def test_a_disk_that_fills_while_a_file_comes_leaves_its_checksum_to_compare(
    alice: User, version: AnalysisVersion, workflow_backend: FakeWorkflows
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (KEPT + 1024, limits[1]))
    try:
        level, words, run = reproduced(alice, version, workflow_backend, table(ends=b"\r\n"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert run.state == RunState.FINISHED
    assert (level, "only the checksum is compared" in words) == ("different", True)


def test_a_recorded_file_is_downloaded_in_pieces_with_its_checksum_as_tag(
    browser: Client, version: AnalysisVersion
) -> None:
    url = f"/analyses/{version.analysis.slug}/outputs/{TABLE}"

    answer = browser.get(url)
    again = browser.get(url, headers={"If-None-Match": f'"{SUM}"'})

    assert answer.streaming
    assert answer.getvalue() == RECORDED
    assert (answer["ETag"], answer["Content-Length"]) == (f'"{SUM}"', str(len(RECORDED)))
    assert again.status_code == 304


def test_a_captured_output_too_large_to_be_taken_along_is_kept_once_a_proof_gives_it(
    alice: User, workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_CAPTURE_FILE_BYTES", str(1 << 20))
    get_config.cache_clear()
    workflow_backend.gives({TABLE: RECORDED})

    version = prove(saved(alice, {**LARGE, TABLE: RECORDED}), workflow_backend)

    assert version.proof == Proof.PASSED
    assert lying().read_bytes() == RECORDED
