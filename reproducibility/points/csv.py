"""CSV: a header and rows, with commas, semicolons or tabs between the cells."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from typing import BinaryIO

from reproducibility.points.tables import Problem, Row, Table, Unreadable

LATER = ("encodings.utf_8_sig",)
#: Of these the one that the header has most often; the first where they are as many.
DELIMITERS = ",;\t"
#: What `as_csv` puts an apostrophe before: a spreadsheet would calculate it.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def read(file: BinaryIO) -> Table:
    """Return the table of a text in UTF-8; a row's number is that of the line it begins at."""
    lines = iter(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
    try:
        blank, first = _first(lines)
    except UnicodeDecodeError as exc:
        raise Unreadable(Problem.NO_TEXT, row=1) from exc
    rows = _rows(itertools.chain((first,), lines), _delimiter(first), blank)
    header, names = next(rows)
    return Table(tuple(str(name or "") for name in names), rows, header)


def _first(lines: Iterator[str]) -> tuple[int, str]:
    """Return the first line that is not blank, and how many are before it."""
    for before, line in enumerate(lines):
        if line.strip():
            return before, line
    raise Unreadable(Problem.EMPTY)


def _delimiter(header: str) -> str:
    bare = re.sub(r'"[^"]*(?:"|$)', "", header)
    return max(DELIMITERS, key=bare.count)


def _rows(lines: Iterator[str], delimiter: str, before: int) -> Iterator[Row]:
    """Yield the records that are not blank."""
    records = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number = before + records.line_num + 1
        try:
            cells = next(records, None)
        except UnicodeDecodeError as exc:
            raise Unreadable(Problem.NO_TEXT, row=number) from exc
        except csv.Error as exc:
            raise Unreadable(Problem.CSV, row=number) from exc
        if cells is None:
            return
        if cells:
            yield number, [_unguarded(cell) if cell else None for cell in cells]


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[0] == "'" and FORMULA.match(cell) else cell
