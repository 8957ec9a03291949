"""The portal's side of reading a table in the cage: pieces come, and each is checked."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, Strict, TypeAdapter, ValidationError

from data_mgmt.previews import wire
from data_mgmt.previews.believed import cleaned
from data_mgmt.previews.cage import Limits
from data_mgmt.previews.process import Caged, OutOfTime
from reproducibility.points.formats import Format
from reproducibility.points.tables import Cell, Problem, Row, Table, Unreadable, bounded

log = logging.getLogger(__name__)

#: Bytes of one piece; no content of 4 MiB makes more than 180 MiB of values.
MOST_PIECE = 4 << 20


# `FailFast`, and nothing told of other keys: a million faults would cost more than the piece.
class _Piece(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Header(_Piece):
    columns: Annotated[list[str], FailFast()]
    header: int | None


class _Failed(_Piece):
    problem: str
    row: int | None = None
    column: str = ""
    number: int = 0
    detail: str = ""


class _End(_Piece):
    end: bool


_FIRST: TypeAdapter[_Header | _Failed] = TypeAdapter(_Header | _Failed)
_Cells = Annotated[list[Cell], FailFast()]
_Rows = Annotated[list[tuple[Annotated[int, Strict()], _Cells]], FailFast()]
_ROWS: TypeAdapter[_Rows] = TypeAdapter(_Rows)
_LAST: TypeAdapter[_End | _Failed] = TypeAdapter(_End | _Failed)


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading one table may cost; on the clock it may take twice the seconds of CPU."""

    limits: Limits = field(default_factory=lambda: Limits(cpu_seconds=30))


@contextmanager
def opened(
    python: Path, descriptor: int, kind: Format, cost: Cost | None = None
) -> Iterator[Table]:
    """Give the table of a file, open for reading at its start; the worker ends with the block.

    Raises
    ------
    Unreadable
        There is no table in it; the table's rows may raise it as well.
    """
    reading = _Reading(python, descriptor, cost or Cost())
    try:
        yield reading.table(kind)
    finally:
        reading.end()


class _Reading(Caged):
    """A caged worker that reads one table."""

    def __init__(self, python: Path, descriptor: int, cost: Cost) -> None:
        self._limits = cost.limits
        super().__init__(
            python,
            module="reproducibility.points.worker",
            wall_seconds=2 * cost.limits.cpu_seconds,
            files=(descriptor,),
        )

    def table(self, kind: Format) -> Table:
        """Return the table, whose rows are still to come."""
        first = self._checked(_FIRST, self._asked(kind))
        if isinstance(first, _Failed):
            raise _told(first)
        return bounded(Table(tuple(first.columns), self._rows(), first.header))

    def end(self) -> None:
        """End the process, wherever it is."""
        self._end()

    def _asked(self, kind: Format) -> Any:
        job = {"format": kind, "limits": asdict(self._limits)}
        try:
            self._wait_no_longer()
            wire.send_document(self._connection, job)
        except OutOfTime as exc:
            raise Unreadable(Problem.TIME) from exc
        except OSError as exc:
            raise Unreadable(self._died()) from exc
        return self._piece()

    def _rows(self) -> Iterator[Row]:
        while isinstance(piece := self._piece(), list):
            yield from self._checked(_ROWS, piece)
        last = self._checked(_LAST, piece)
        if isinstance(last, _Failed):
            raise _told(last)

    def _piece(self) -> Any:
        try:
            what, _, length = wire.HEAD.unpack(self._receive(wire.HEAD.size))
            if what != wire.ANSWER or length > MOST_PIECE:
                raise Unreadable(Problem.BROKEN)
            return json.loads(self._receive(length))
        except OutOfTime as exc:
            raise Unreadable(Problem.TIME) from exc
        except OSError as exc:
            raise Unreadable(self._died()) from exc
        except (ValueError, RecursionError) as exc:
            raise Unreadable(Problem.BROKEN) from exc

    def _died(self) -> Problem:
        return Problem.TIME if self._cause_of_death() == "time" else Problem.BROKEN

    @staticmethod
    def _checked(shape: TypeAdapter[Any], piece: Any) -> Any:
        try:
            return shape.validate_python(piece)
        except ValidationError as exc:
            log.warning("points: a worker said what makes no sense")
            raise Unreadable(Problem.BROKEN) from exc


def _told(failed: _Failed) -> Unreadable:
    log.info("points: a table can't be read: %s", cleaned(failed.model_dump()))
    try:
        problem = Problem(failed.problem)
    except ValueError:
        problem = Problem.BROKEN
    return Unreadable(problem, row=failed.row, column=failed.column, number=failed.number)
