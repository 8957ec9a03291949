"""The identifier of a tree is the one that Git and Software Heritage give it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from reproducibility.capture.swhid import directory
from tests.unit.reproducibility.capture.making import unhurried

FILES = {
    "README.md": b"# x\n",
    "code/fit.py": b"print(1)\n",
    "code/a/deep/file.bin": bytes(range(256)),
    "code.txt": b"sorts between code and code/",
    "code-x/y": b"",
    "run.sh": b"#!/bin/sh\n",
    "na\u00efve name.txt": b"\n",
}


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=false", *arguments],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_it_is_the_hash_of_gits_own_tree(tmp_path: Path) -> None:
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / "run.sh").chmod(0o755)
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", "-A")

    told = directory(FILES, executables={"run.sh"})

    assert told == f"swh:1:dir:{_git(tmp_path, 'write-tree')}"


def test_the_empty_tree_has_gits_own_number() -> None:
    assert directory({}) == "swh:1:dir:4b825dc642cb6eb9a060e54bf8d69288fbee4904"


names = st.from_regex(r"([a-z]{1,3}/){0,2}[a-z]{1,3}\.py", fullmatch=True)


@unhurried
@given(st.dictionaries(names, st.binary(max_size=20), max_size=8))
def test_the_order_of_files_does_not_matter(files: dict[str, bytes]) -> None:
    backwards = dict(reversed(files.items()))

    assert directory(files) == directory(backwards)
