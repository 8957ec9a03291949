"""Points from a file that somebody brings: CSV, JSON or Parquet."""

from __future__ import annotations

import importlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from reproducibility.points import caged
from reproducibility.points.checking import check
from reproducibility.points.formats import HEAD, MODULES, Format, format_of
from reproducibility.points.limits import MOST_BYTES, SMALL_BYTES
from reproducibility.points.problems import fault_of
from reproducibility.points.tables import Problem, Table, Unreadable, bounded
from reproducibility.points.values import Faults, Points


def load(
    file: BinaryIO,
    defaults: Mapping[str, Any],
    *,
    python: Path | None,
    cost: caged.Cost | None = None,
) -> Points:
    """Return the points of a file; `python` is the previews' interpreter, where the site has one.

    Small texts are read here, all else in the cage.

    Raises
    ------
    Faulty
        It can't be read, or anything in it is wrong.
    """
    faults = Faults()
    try:
        with opened(file, python=python, cost=cost) as table:
            return check(table, defaults)
    except Unreadable as exc:
        faults.add(fault_of(exc))
        raise faults.as_error() from exc


@contextmanager
def opened(
    file: BinaryIO, *, python: Path | None, cost: caged.Cost | None = None
) -> Iterator[Table]:
    """Give the table of a file, read while its rows are asked for.

    Raises
    ------
    Unreadable
        There is no table in it; the table's rows may raise it as well.
    """
    # A copy: whatever an upload is held in, the worker gets a file that nobody changes.
    with tempfile.TemporaryFile() as held:
        size = _copied(file, held)
        kind = format_of(held.read(HEAD))
        held.seek(0)
        if kind is not Format.PARQUET and size <= SMALL_BYTES:
            yield _here(held, kind)
        elif python is None:
            raise Unreadable(Problem.NO_READER)
        else:
            with caged.opened(python, held.fileno(), kind, cost) as table:
                yield table


def _copied(file: BinaryIO, held: BinaryIO) -> int:
    size = file.seek(0, 2)
    if size > MOST_BYTES:
        raise Unreadable(Problem.BYTES, number=size)
    if not size:
        raise Unreadable(Problem.EMPTY)
    file.seek(0)
    shutil.copyfileobj(file, held)
    held.seek(0)
    return size


def _here(file: BinaryIO, kind: Format) -> Table:
    module: Any = importlib.import_module(MODULES[kind])
    table: Table = module.read(file)
    return bounded(table)
