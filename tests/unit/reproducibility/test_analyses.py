"""Analyses: taken in from folders, once, and only when they are whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from reproducibility import services
from reproducibility.models import Analysis
from tests.unit.reproducibility.conftest import RECORDED, write_analysis
from vre_portal.errors import InvalidRequest, NotFound

pytestmark = pytest.mark.django_db


def test_a_folder_becomes_a_published_analysis(analysis_folder: Path) -> None:
    analysis = services.import_folder(analysis_folder)

    assert (analysis.slug, analysis.newest.number, analysis.published) == ("dimuon", 1, True)
    assert [row.did for row in analysis.newest.inputs.all()] == ["cms:dimuon"]
    assert [row.folder for row in analysis.newest.inputs.all()] == ["data"]
    assert [row.path for row in analysis.newest.files.all()] == ["code/fit.py"]
    assert {row.path: bytes(row.content) for row in analysis.newest.outputs.all()} == RECORDED


def test_taking_it_in_again_changes_nothing(analysis_folder: Path) -> None:
    first = services.import_folder(analysis_folder)

    again = services.import_folder(analysis_folder)

    assert (again.pk, again.newest.number) == (first.pk, 1)
    assert again.updated_at == first.updated_at


@pytest.mark.parametrize("what", ["code/fit.py", "reana.yaml"])
def test_changed_content_makes_a_new_version(analysis_folder: Path, what: str) -> None:
    first = services.import_folder(analysis_folder)
    file = analysis_folder / what
    file.write_text(f"{file.read_text()}\n# changed\n")

    again = services.import_folder(analysis_folder)

    assert (again.pk, again.newest.number) == (first.pk, 2)
    assert Analysis.objects.count() == 1
    assert again.newest.files.count() == 1
    assert again.newest.outputs.count() == len(RECORDED)


def test_a_recorded_output_with_another_checksum_is_refused(analysis_folder: Path) -> None:
    (analysis_folder / "recorded" / "results/fit.json").write_bytes(b"tampered")

    with pytest.raises(InvalidRequest, match=r"results/fit\.json is not the recorded one"):
        services.import_folder(analysis_folder)

    assert not Analysis.objects.exists()


def test_a_refused_new_version_leaves_the_old_one(analysis_folder: Path) -> None:
    services.import_folder(analysis_folder)
    (analysis_folder / "code" / "fit.py").write_text("changed")
    (analysis_folder / "recorded" / "results/fit.json").write_bytes(b"tampered")

    with pytest.raises(InvalidRequest):
        services.import_folder(analysis_folder)

    assert Analysis.objects.get().newest.number == 1
    assert Analysis.objects.get().newest.outputs.count() == len(RECORDED)


def test_a_manifest_without_a_member_is_refused_by_its_name(analysis_folder: Path) -> None:
    (analysis_folder / "analysis.json").write_text('{"slug": "x", "title": "X"}')

    with pytest.raises(InvalidRequest, match="lacks authors, environment, inputs"):
        services.import_folder(analysis_folder)


@pytest.mark.parametrize("content", ["{not json", '{"slug"'])
def test_a_broken_manifest_is_refused(analysis_folder: Path, content: str) -> None:
    (analysis_folder / "analysis.json").write_text(content)

    with pytest.raises(InvalidRequest, match="can't be read as an analysis"):
        services.import_folder(analysis_folder)


def test_an_absent_file_is_refused(analysis_folder: Path) -> None:
    (analysis_folder / "code" / "fit.py").unlink()

    with pytest.raises(InvalidRequest, match=r"code/fit\.py"):
        services.import_folder(analysis_folder)


def test_the_command_takes_in_several_folders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = write_analysis(tmp_path / "one"), write_analysis(tmp_path / "two", slug="two")

    call_command("seed_analyses", str(one), str(other))

    assert set(Analysis.objects.values_list("slug", flat=True)) == {"dimuon", "two"}
    assert "dimuon, version 1" in capsys.readouterr().out


def test_the_command_says_what_is_wrong_without_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read as an analysis"):
        call_command("seed_analyses", str(tmp_path / "nowhere"))


def test_an_analysis_is_found_by_slug_and_by_id(alice: User, analysis: Analysis) -> None:
    assert services.find_analysis(alice, "dimuon") == analysis
    assert services.find_analysis(alice, str(analysis.pk)) == analysis


@pytest.mark.parametrize("key", ["nothing", "00000000-0000-0000-0000-000000000000"])
def test_what_is_not_there_is_not_found(alice: User, analysis: Analysis, key: str) -> None:
    with pytest.raises(NotFound, match="no such analysis"):
        services.find_analysis(alice, key)


def test_what_is_not_published_is_its_owners_alone(
    alice: User, bob: User, analysis: Analysis
) -> None:
    Analysis.objects.update(published=False, owner=alice)

    assert services.find_analysis(alice, "dimuon") == analysis
    with pytest.raises(NotFound):
        services.find_analysis(bob, "dimuon")
