"""The folder of large recorded outputs: whole files by their checksum, bounded, and swept."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest

from reproducibility.models import Analysis, RecordedOutput
from reproducibility.services import recorded_files
from reproducibility.tasks import tidy_recorded
from tests.fakes.data import FakeDataBackend
from vre_portal.config import get_config
from vre_portal.errors import NoRoom

CONTENT = b"seven bytes and more" * 100
SUM = sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _apart(data_backend: FakeDataBackend) -> None:
    """A work folder of the test's own."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file that a run gave."""
    path = tmp_path / "given"
    path.write_bytes(CONTENT)
    return path


def configured(monkeypatch: pytest.MonkeyPatch, **settings: int) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"VRE_{name.upper()}", str(value))
    get_config.cache_clear()


def all_files() -> list[str]:
    return sorted(path.name for path in recorded_files.folder().glob("*/*"))


def aged(path: Path) -> Path:
    """Let a file be two days old."""
    then = time.time() - 2 * recorded_files.SPARED_SECONDS
    os.utime(path, (then, then))
    return path


def kept_and_aged(source: Path) -> Path:
    recorded_files.keep(source, SUM, len(CONTENT))
    found = recorded_files.find(SUM, len(CONTENT))
    assert found is not None
    return aged(found)


def named(analysis: Analysis) -> RecordedOutput:
    """Return an output of the analysis whose content is a file of the folder."""
    return analysis.newest.outputs.create(path="big.bin", sha256=SUM, size=len(CONTENT))


def test_a_file_is_kept_under_its_checksum_for_the_portal_alone(source: Path) -> None:
    recorded_files.keep(source, SUM, len(CONTENT))

    found = recorded_files.find(SUM, len(CONTENT))
    assert found == recorded_files.folder() / SUM[:2] / SUM
    assert found.read_bytes() == CONTENT
    assert found.stat().st_mode & 0o077 == found.parent.stat().st_mode & 0o077 == 0
    assert source.exists()


def test_the_same_file_is_kept_once_and_is_young_again(source: Path) -> None:
    before = kept_and_aged(source).stat()

    recorded_files.keep(source, SUM, len(CONTENT))

    after = (recorded_files.folder() / SUM[:2] / SUM).stat()
    assert (after.st_ino, all_files()) == (before.st_ino, [SUM])
    assert after.st_mtime > before.st_mtime


def test_a_file_with_another_checksum_is_not_kept(source: Path) -> None:
    with pytest.raises(NoRoom, match="can't be written"):
        recorded_files.keep(source, "ab" * 32, len(CONTENT))

    assert all_files() == []


def test_a_file_that_grew_meanwhile_is_not_kept(source: Path) -> None:
    with pytest.raises(NoRoom):
        recorded_files.keep(source, SUM, len(CONTENT) - 1)

    assert all_files() == []


def test_a_cut_or_linked_file_is_not_here(source: Path, tmp_path: Path) -> None:
    found = kept_and_aged(source)

    found.write_bytes(CONTENT[:-1])
    cut = recorded_files.find(SUM, len(CONTENT))
    found.unlink()
    found.symlink_to(source)

    assert cut is None
    assert recorded_files.find(SUM, len(CONTENT)) is None


def test_a_file_larger_than_the_site_keeps_is_refused_in_words(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(monkeypatch, recorded_file_bytes=1024)

    with pytest.raises(NoRoom, match="larger than 1 KiB"):
        recorded_files.keep(source, SUM, len(CONTENT))

    assert "larger than" in recorded_files.why_absent(len(CONTENT), 1 << 30)


def test_a_full_folder_takes_no_more_and_says_so(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(monkeypatch, recorded_bytes=len(CONTENT) + 10)
    recorded_files.keep(source, SUM, len(CONTENT))
    other = tmp_path / "other"
    other.write_bytes(b"eleven more")

    with pytest.raises(NoRoom, match="is full"):
        recorded_files.keep(other, sha256(b"eleven more").hexdigest(), 11)

    assert recorded_files.room() == 10
    assert "is full" in recorded_files.why_absent(11, recorded_files.room())
    assert all_files() == [SUM]


def test_what_is_half_written_takes_up_room(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, recorded_bytes=1000)

    recorded_files._claimed(600)

    assert recorded_files.room() == 400


def test_room_on_the_disk_is_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, recorded_spare_bytes=1 << 60)

    assert recorded_files.room() == 0


def test_a_folder_that_can_not_be_written_is_told_to_ask_the_operators(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-file").write_bytes(b"")
    configured(monkeypatch)
    monkeypatch.setenv("VRE_RECORDED_FOLDER", str(tmp_path / "a-file" / "below"))
    get_config.cache_clear()

    with pytest.raises(NoRoom, match="Ask the operators"):
        recorded_files.keep(source, SUM, len(CONTENT))

    assert recorded_files.find(SUM, len(CONTENT)) is None
    assert not recorded_files.kept(source, SUM, len(CONTENT))
    assert recorded_files.room() == 0


@pytest.mark.django_db
def test_only_what_no_version_names_is_removed(
    source: Path, tmp_path: Path, analysis: Analysis
) -> None:
    named(analysis)
    kept_and_aged(source)
    orphan = tmp_path / "orphan"
    orphan.write_bytes(b"orphan")
    gone = sha256(b"orphan").hexdigest()
    recorded_files.keep(orphan, gone, 6)
    aged(recorded_files.folder() / gone[:2] / gone)

    tidy_recorded()

    assert all_files() == [SUM]


@pytest.mark.django_db
def test_a_young_file_is_left_for_the_version_that_is_to_name_it(source: Path) -> None:
    recorded_files.keep(source, SUM, len(CONTENT))

    tidy_recorded()

    assert all_files() == [SUM]


@pytest.mark.django_db
def test_a_file_kept_anew_since_it_was_looked_up_stays(source: Path) -> None:
    path = kept_and_aged(source)
    before = time.time() - recorded_files.SPARED_SECONDS
    recorded_files.keep(source, SUM, len(CONTENT))

    recorded_files._sweep([path], before)

    assert all_files() == [SUM]


@pytest.mark.django_db
def test_what_was_left_half_written_goes_with_time(source: Path) -> None:
    young, old = recorded_files._claimed(10), aged(recorded_files._claimed(10))

    tidy_recorded()

    assert young.exists()
    assert not old.exists()


@pytest.mark.django_db
def test_what_is_not_the_portals_is_left_alone(source: Path) -> None:
    strange = kept_and_aged(source).with_name("readme")
    strange.write_text("by hand")
    aged(strange)

    tidy_recorded()

    assert all_files() == ["readme"]


@pytest.mark.django_db
def test_the_files_of_a_deleted_analysis_go(source: Path, analysis: Analysis) -> None:
    named(analysis)
    kept_and_aged(source)
    Analysis.objects.update(current=None)

    analysis.delete()
    tidy_recorded()

    assert all_files() == []


@pytest.mark.django_db
def test_a_file_that_another_analysis_names_too_stays(source: Path, analysis: Analysis) -> None:
    kept_and_aged(source)
    named(analysis)
    other = Analysis.objects.create(slug="other", title="Other", summary="")
    version = other.versions.create(number=1, specification="", content_sha256="")
    version.outputs.create(path="same.bin", sha256=SUM, size=len(CONTENT))
    Analysis.objects.update(current=None)

    analysis.delete()
    tidy_recorded()

    assert all_files() == [SUM]
