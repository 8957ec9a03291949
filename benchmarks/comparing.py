"""Comparing outputs of a gigabyte: seconds and memory of the cage, beside a plain loop."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import MEBI, Result
from benchmarks.memory import Peak
from demo.stack import REPOSITORY, Stack
from reproducibility.compare import Level, files

SIZE = 1024 * MEBI
KINDS = ("root", "parquet")
#: What a cage may have resident, whatever it compares, and by how much the portal may grow.
MOST_RESIDENT, MOST_GROWN = 256 * MEBI, 16 * MEBI
FILES = REPOSITORY / "benchmarks" / "comparing_files.py"


def run(stack: Stack, _options: argparse.Namespace) -> Iterator[Result]:
    """Write pairs with the same content in other bytes, compare them, and remove them."""
    python = stack.python("previews")
    for kind in KINDS:
        with tempfile.TemporaryDirectory(prefix="comparing-") as folder:
            pair = Path(folder) / f"recorded.{kind}", Path(folder) / f"found.{kind}"
            _asked(python, "write", kind, str(SIZE), *map(str, pair))
            yield from _compared(python, kind, pair)


def _compared(python: Path, kind: str, pair: tuple[Path, Path]) -> Iterator[Result]:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    begun = time.monotonic()
    with Peak(os.getpid()) as peak:
        verdict = files.compare(f"output.{kind}", *pair, python=python)
    seconds = time.monotonic() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - own
    if verdict.level is not Level.CONTENT_IDENTICAL:
        raise RuntimeError(verdict.detail)
    plain = json.loads(_asked(python, "loop", kind, "0", *map(str, pair)))
    size = sum(path.stat().st_size for path in pair) / MEBI
    note = f"{size:,.0f} MiB, checksums included"
    loop = plain["seconds"]
    yield Result(f"comparing: {kind}", seconds, loop, seconds / loop, "s", True, note)
    kept = peak.grown <= MOST_RESIDENT and grown <= MOST_GROWN
    note = f"the portal itself grew by {grown / MEBI:.1f} MiB"
    resident = peak.grown / MEBI, plain["resident"] / MEBI
    yield Result(
        f"comparing: {kind}, memory", *resident, resident[0] / resident[1], "MiB", kept, note
    )


def _asked(python: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(python), str(FILES), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout
