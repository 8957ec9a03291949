"""Tables as Parquet, and the interpreter that reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.fakes.previews import previews_python

WRITING = Path(__file__).with_name("writing.py")


@pytest.fixture(scope="session")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tables of `writing`."""
    folder = tmp_path_factory.mktemp("points")
    subprocess.run([str(previews_python()), str(WRITING), str(folder)], check=True, timeout=120)
    return folder


@pytest.fixture
def python() -> Path:
    """The previews' interpreter."""
    return previews_python()
