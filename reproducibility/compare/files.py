"""Compare two files of any size: by their bytes first, by their contents where these differ."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from reproducibility.compare import formats
from reproducibility.compare.caged import Comparing, Cost, Incomparable, Opened
from reproducibility.compare.levels import Level
from reproducibility.compare.tolerance import EXACT, Tolerance
from reproducibility.compare.verdicts import OutputVerdict


def compare(
    path: str,
    recorded: Path,
    found: Path | None,
    tolerance: Tolerance | None = None,
    *,
    python: Path | None,
    cost: Cost | None = None,
) -> OutputVerdict:
    """Return the verdict on one output, whose name is `path`; it takes up to `cost`.

    `found` is None where the run gave no such file. `python` is the interpreter of the environment
    of format libraries; where a site has none, only bytes are compared. What the files hold raises
    nothing: what can't be compared is different, with the reason in words.

    Raises
    ------
    OSError
        The recorded file is not there, or no worker can be started: neither tells of the run.
    """
    with _opened(recorded) as before, _opened(found) as after:
        if before is None:
            raise FileNotFoundError(recorded)
        expected = _sha256(before)
        if after is None:
            detail = "The run did not give this file."
            return OutputVerdict(path, Level.MISSING, expected, "", detail, None, tolerance)
        got = _sha256(after)
        if got == expected:
            detail = "No byte differs."
            return OutputVerdict(path, Level.BIT_IDENTICAL, expected, got, detail, None, tolerance)
        try:
            kind = _format(path, before, after)
            told = _worker(before, after, python, cost or Cost()).run(kind, tolerance or EXACT)
        except Incomparable as exc:
            return OutputVerdict(path, Level.DIFFERENT, expected, got, str(exc), None, tolerance)
    return OutputVerdict(path, told.level, expected, got, told.detail, told.comparison, tolerance)


@contextmanager
def _opened(path: Path | None) -> Iterator[FileIO | None]:
    """Open a regular file for reading; a link, a pipe or a folder is as good as no file."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        # A pipe would wait for its writer, and a link may lead out of the run's folder.
        descriptor = None if path is None else os.open(path, flags)
    except OSError:
        descriptor = None
    if descriptor is None:
        yield None
        return
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        yield FileIO(descriptor, closefd=False) if regular else None
    finally:
        os.close(descriptor)


def _sha256(file: FileIO) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _worker(before: FileIO, after: FileIO, python: Path | None, cost: Cost) -> Comparing:
    if python is None:
        raise Incomparable("The bytes differ; this portal compares no contents.")
    return Comparing(python, _handed(before), _handed(after), cost)


def _handed(file: FileIO) -> Opened:
    return Opened(file.fileno(), os.fstat(file.fileno()).st_size)


def _format(path: str, before: FileIO, after: FileIO) -> str:
    kinds = _kind(path, before), _kind(path, after)
    if "" in kinds:
        which = "found" if not kinds[1] else "recorded"
        raise Incomparable(f"The {which} file is empty.")
    kind = formats.shared(*kinds)
    if not kind:
        words = [formats.title(each) for each in kinds]
        raise Incomparable(f"The file was {words[0]} and is {words[1]}.")
    return kind


def _kind(path: str, file: FileIO) -> str:
    head = os.pread(file.fileno(), formats.BEGINNING, 0)
    return formats.detect(head, path) if head else ""
