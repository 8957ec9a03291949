"""The table of results as Parquet: written in the previews' cage, which alone has the library."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from data_mgmt.previews import wire
from data_mgmt.previews.cage import Limits
from data_mgmt.previews.process import Caged, OutOfTime
from vre_portal.errors import UpstreamUnavailable

log = logging.getLogger(__name__)

LIMITS = Limits(cpu_seconds=60)
#: Bytes that come at once.
PART = 1 << 20
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
#: The kind of a column without any value.
UNKNOWN = "double"


class NotWritten(UpstreamUnavailable):
    """The cage gave no file."""

    def __init__(self) -> None:
        super().__init__(_("The table can't be written as Parquet now. Take it as CSV."))


def write(
    out: IO[bytes],
    rows: Iterable[Sequence[Any]],
    names: Sequence[str],
    metadata: Mapping[str, str],
    *,
    python: Path,
    limits: Limits = LIMITS,
) -> None:
    """Write a table to `out`; columns are whole numbers, numbers, truth values or texts.

    Neither the rows nor the file are ever held in memory.

    Raises
    ------
    NotWritten
        The interpreter `python` is not as it should be, or the limits do not suffice.
    """
    with tempfile.TemporaryFile() as lines:
        kinds = _written_down(lines, rows, len(names))
        lines.seek(0)
        columns = list(zip(names, kinds, strict=True))
        job = {"columns": columns, "metadata": dict(metadata), "limits": asdict(limits)}
        try:
            _Writing(python, lines.fileno(), limits).run(job, out)
        except (OSError, OutOfTime) as exc:
            log.warning("campaigns: no Parquet was written: %r", exc)
            raise NotWritten from exc


def _written_down(lines: IO[bytes], rows: Iterable[Sequence[Any]], width: int) -> list[str]:
    """Write each row as a line of JSON, and return the kinds of the columns."""
    seen: list[set[str]] = [set() for _each in range(width)]
    for row in rows:
        for kinds, value in zip(seen, row, strict=True):
            if value is not None:
                kinds.add(_kind(value))
        lines.write(json.dumps(row).encode() + b"\n")
    return [_common(kinds) for kinds in seen]


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64" if _LEAST <= value <= _MOST else "string"
    return "double" if isinstance(value, float) else "string"


def _common(kinds: set[str]) -> str:
    """Return the kind that holds values of all of some kinds."""
    if len(kinds) == 1:
        return next(iter(kinds))
    return "double" if kinds <= {"int64", "double"} else "string"


class _Writing(Caged):
    """A caged worker that writes one table."""

    def __init__(self, python: Path, descriptor: int, limits: Limits) -> None:
        super().__init__(
            python,
            module="reproducibility.points.writing",
            wall_seconds=2 * limits.cpu_seconds,
            files=(descriptor,),
        )

    def run(self, job: Mapping[str, Any], out: IO[bytes]) -> None:
        """Take the file, part by part, and end the process; raises `OSError` or `OutOfTime`."""
        try:
            self._wait_no_longer()
            wire.send_document(self._connection, job)
            while length := self._length():
                while length:
                    part = self._receive(min(length, PART))
                    out.write(part)
                    length -= len(part)
        finally:
            self._end()

    def _length(self) -> int:
        what, _offset, length = wire.HEAD.unpack(self._receive(wire.HEAD.size))
        if what != wire.ANSWER:
            raise wire.Closed("the worker speaks another language")
        return int(length)
