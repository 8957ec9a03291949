"""Files of each format in several variants, and the comparison by the real cage."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reproducibility.compare import OutputVerdict, Tolerance, files
from reproducibility.compare.caged import Cost
from tests.fakes.previews import REPOSITORY, previews_python

WRITING = Path(__file__).with_name("writing.py")
CALCULATING = Path(__file__).with_name("calculating.py")
Ask = Callable[..., Any]
Compared = Callable[..., OutputVerdict]


@pytest.fixture(scope="session")
def variants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a variant, with one file of each format."""
    folder = tmp_path_factory.mktemp("variants")
    subprocess.run([str(previews_python()), str(WRITING), str(folder)], check=True, timeout=120)
    return folder


@pytest.fixture
def compared(tmp_path: Path) -> Compared:
    """Compare two contents, or two files, as an output of some name."""

    def compare(
        name: str, recorded: bytes | Path, found: bytes | Path | None,
        tolerance: Tolerance | None = None, *, python: Path | None = None, cost: Cost | None = None,
    ) -> OutputVerdict:  # fmt: skip
        paths = [
            _written(tmp_path / side, held)
            for side, held in (("recorded", recorded), ("found", found))
        ]
        assert paths[0] is not None
        return files.compare(
            name, paths[0], paths[1], tolerance, python=python or previews_python(), cost=cost
        )

    return compare


def _written(path: Path, held: bytes | Path | None) -> Path | None:
    if isinstance(held, bytes):
        path.write_bytes(held)
        return path
    return held


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Ask the previews' interpreter, which has numpy."""
    with subprocess.Popen(
        [str(previews_python()), str(CALCULATING), str(REPOSITORY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        to, back = process.stdin, process.stdout
        assert to is not None
        assert back is not None

        def asked(what: str, *rows: list[Any], **more: Any) -> Any:
            to.write(json.dumps({"what": what, "rows": rows, **more}) + "\n")
            to.flush()
            return json.loads(back.readline())

        yield asked
        to.close()
