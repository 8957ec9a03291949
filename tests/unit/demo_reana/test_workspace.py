"""No path leads out of a workspace, whatever a run leaves in it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from demo.reana.errors import Malformed, NotFound
from demo.reana.workspace.archive import zip_files
from demo.reana.workspace.listing import list_files, parse_search, size_answer
from demo.reana.workspace.paths import (
    move_path,
    open_file,
    parts_of,
    put_file,
    remove_empty_folders,
    remove_file,
)

OWNER = os.getuid()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a few files, beside a secret."""
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "workspace"
    for name in ("reana.yaml", "data/a.root", "data/b.root", "data/deep/c.root"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def read(root: Path, name: str) -> str:
    with os.fdopen(open_file(root, name), "r") as stream:
        return stream.read()


def names(root: Path, pattern: str = "", search: str | None = None) -> list[str]:
    return [entry.name for entry in list_files(root, pattern, parse_search(search))]


@pytest.mark.parametrize("name", ["../secret", "data/../../secret", "..", "", "/", "a\0b"])
def test_a_path_that_climbs_or_is_empty_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        parts_of(name)


def test_a_leading_slash_means_the_top_of_the_workspace(root: Path) -> None:
    assert read(root, "/data/a.root") == "data/a.root"


def test_a_link_out_of_the_workspace_is_not_followed(root: Path) -> None:
    (root / "link").symlink_to(root.parent / "secret")

    with pytest.raises(NotFound):
        open_file(root, "link")


def test_a_folder_that_is_a_link_is_not_followed(root: Path) -> None:
    (root / "outside").symlink_to(root.parent)

    with pytest.raises(NotFound):
        open_file(root, "outside/secret")


def test_an_upload_through_a_linked_folder_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "outside").symlink_to(root.parent)
    upload = tmp_path / "upload"
    upload.write_text("new")

    with pytest.raises(NotFound):
        put_file(root, "outside/secret", upload, owner=OWNER)

    assert (root.parent / "secret").read_text() == "secret"


def test_a_pipe_is_refused_at_once(root: Path) -> None:
    os.mkfifo(root / "pipe")

    with pytest.raises(NotFound):
        open_file(root, "pipe")


def test_an_upload_makes_its_folders_and_replaces_the_file(root: Path, tmp_path: Path) -> None:
    for text in ("old", "new"):
        upload = tmp_path / "upload"
        upload.write_text(text)
        put_file(root, "results/deep/out.txt", upload, owner=OWNER)

    assert read(root, "results/deep/out.txt") == "new"


def test_a_file_cannot_be_uploaded_over_a_folder(root: Path, tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.write_text("new")

    with pytest.raises(Malformed):
        put_file(root, "data", upload, owner=OWNER)


def test_a_removed_file_tells_its_size(root: Path) -> None:
    assert remove_file(root, "data/a.root") == len("data/a.root")
    assert not (root / "data/a.root").exists()


def test_the_list_holds_regular_files_only(root: Path) -> None:
    (root / "link").symlink_to(root.parent / "secret")

    assert names(root) == ["data/a.root", "data/b.root", "data/deep/c.root", "reana.yaml"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("data", ["data/a.root", "data/b.root", "data/deep/c.root"]),
        ("data/*.root", ["data/a.root", "data/b.root"]),
        ("**/*.root", ["data/a.root", "data/b.root", "data/deep/c.root"]),
        ("**", ["data/a.root", "data/b.root", "data/deep/c.root", "reana.yaml"]),
        ("**/**/c.root", ["data/deep/c.root"]),
        ("**/deep/**", ["data/deep/c.root"]),
        ("data/**/deep/c.root", ["data/deep/c.root"]),
        ("*/*/*/*", []),
        ("/reana.yaml", ["reana.yaml"]),
        ("nothing", []),
    ],
)
def test_a_pattern_selects_as_in_reana(root: Path, pattern: str, expected: list[str]) -> None:
    assert names(root, pattern) == expected


@pytest.mark.parametrize("pattern", ["**/" * 20_000, "**/a/" * 30, "**/*/" * 30])
def test_a_pattern_of_many_parts_is_answered_at_once(root: Path, pattern: str) -> None:
    deep = root / Path(*["a"] * 40)
    deep.mkdir(parents=True)
    (deep / "file").touch()

    assert names(root, f"{pattern}nothing") == []


def test_a_search_by_name_matches_any_of_its_texts(root: Path) -> None:
    assert names(root, search='{"name": ["a.root", "yaml"]}') == ["data/a.root", "reana.yaml"]


def test_a_search_that_is_not_json_is_refused() -> None:
    with pytest.raises(Malformed):
        parse_search("{name")


def test_a_zip_holds_the_listed_files(root: Path) -> None:
    with zip_files(root, list_files(root, "data")) as packed, zipfile.ZipFile(packed) as archive:
        assert archive.namelist() == ["data/a.root", "data/b.root", "data/deep/c.root"]
        assert archive.read("data/a.root") == b"data/a.root"


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 Bytes"), (1536, "1.5 KiB"), (3 << 30, "3 GiB"), (5 << 40, "5120 GiB")]
)
def test_a_size_is_told_to_people_in_the_fitting_unit(size: int, text: str) -> None:
    assert size_answer(size) == {"raw": size, "human_readable": text}


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("data/a.root", "data/z.root", "data/z.root"),
        ("data/a.root", "new/deep/a.root", "new/deep/a.root"),
        ("data/a.root", "data/deep", "data/deep/a.root"),
        ("data/deep/c.root", ".", "c.root"),
        ("data/deep", "moved", "moved/c.root"),
    ],
)
def test_a_move_renames_or_puts_into_a_folder(
    root: Path, source: str, target: str, expected: str
) -> None:
    move_path(root, source, target, owner=OWNER)

    assert expected in names(root)
    assert source not in names(root)


@pytest.mark.parametrize(
    ("source", "target"), [("../secret", "x"), ("reana.yaml", "../x"), ("data", "data/deep")]
)
def test_a_move_out_of_the_workspace_or_into_itself_is_refused(
    root: Path, source: str, target: str
) -> None:
    with pytest.raises(Malformed):
        move_path(root, source, target, owner=OWNER)


def test_a_move_through_a_linked_folder_is_refused(root: Path) -> None:
    (root / "outside").symlink_to(root.parent)

    with pytest.raises(NotFound):
        move_path(root, "outside/secret", "stolen", owner=OWNER)

    assert (root.parent / "secret").exists()


def test_a_move_of_nothing_says_so(root: Path) -> None:
    with pytest.raises(NotFound):
        move_path(root, "never", "there", owner=OWNER)


def test_folders_without_files_go_and_others_stay(root: Path) -> None:
    (root / "empty" / "deep").mkdir(parents=True)
    (root / "link").symlink_to(root.parent)

    remove_empty_folders(root)

    assert not (root / "empty").exists()
    assert (root / "data" / "deep").exists()
    assert (root.parent / "secret").exists()
