"""A table as a file has it, before anybody knows what its columns are to hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reproducibility.points.limits import MOST_BYTES, MOST_CELLS, MOST_COLUMNS, MOST_ROWS, MOST_TEXT

#: None is an empty cell; a list, always an empty one, stands for whatever is no single value.
Cell = str | int | float | bool | list[None] | None
#: The row's number in the file, and its cells: as many as the header has, or not.
Row = tuple[int, Sequence[Cell]]


class Problem(StrEnum):
    """Why a table can't be read, or not further."""

    EMPTY = "empty"
    NO_TEXT = "no_text"
    CSV = "csv"
    JSON = "json"
    SHAPE = "shape"
    NAMES = "names"
    TWICE = "twice"
    KEYS = "keys"
    NESTED = "nested"
    BYTES = "bytes"
    ROWS = "rows"
    COLUMNS = "columns"
    CELLS = "cells"
    MEMORY = "memory"
    TIME = "time"
    CAGE = "cage"
    NO_READER = "no_reader"
    BROKEN = "broken"


class Unreadable(Exception):
    """A table can't be read; `row` and `column` are where, `number` is how much was found."""

    def __init__(
        self, problem: Problem, *, row: int | None = None, column: str = "", number: int = 0
    ) -> None:
        super().__init__(problem)
        self.problem, self.row, self.column, self.number = problem, row, column, number


@dataclass(frozen=True, slots=True)
class Table:
    """Names of columns, and rows that are read one after another, once.

    `header` is the number of the row that names the columns, where a row does. Whoever reads the
    rows may meet `Unreadable` at any of them.
    """

    columns: tuple[str, ...]
    rows: Iterator[Row]
    header: int | None = None


def bounded(table: Table) -> Table:
    """Return the same table, which ends with `Unreadable` where it holds more than it may."""
    width = len(table.columns)
    if width > MOST_COLUMNS:
        raise Unreadable(Problem.COLUMNS, row=table.header, number=width)
    columns = tuple(name[: MOST_TEXT + 1] for name in table.columns)
    return Table(columns, _bounded(table.rows, width), table.header)


def _bounded(rows: Iterator[Row], width: int) -> Iterator[Row]:
    characters = 0
    for count, (number, cells) in enumerate(rows, 1):
        if count > MOST_ROWS:
            raise Unreadable(Problem.ROWS, number=count + sum(1 for _ in rows))
        if count * width > MOST_CELLS:
            raise Unreadable(Problem.CELLS, row=number)
        # One cell too many is enough to tell that there are too many.
        plain = [_plain(cell) for cell in cells[: width + 1]]
        characters += sum(len(cell) for cell in plain if type(cell) is str)
        if characters > MOST_BYTES:
            raise Unreadable(Problem.BYTES, row=number, number=characters)
        yield number, plain


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return cell[: MOST_TEXT + 1]
    return cell if cell is None or isinstance(cell, bool | int | float) else []
