"""CSV: column by column; a column of numbers is compared as numbers, however they are written."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data_mgmt.previews.reading import Reader
from reproducibility.compare import lines, records, text
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import TooLarge, Unreadable, both
from reproducibility.compare.tally import Tally

LATER = text.LATER
DELIMITERS = ",;\t| "
MAX_COLUMNS = 5000
MAX_COMMENTS = 1000
#: Cells that are in memory at once, of each file.
CELLS = 200_000
_SEEN = 20
Row = list[str]


@dataclass(slots=True)
class Sheet:
    """A CSV file: its comments, its columns where the first row names them, and its other rows."""

    comments: list[str]
    names: list[str]
    named: bool
    rows: Iterator[Row]


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell which columns differ."""
    before, after = both(_sheet, recorded, found)
    if not tally.ignores("comment"):
        lines.compare("comment ", before.comments, after.comments, tally)
    if before.named != after.named:
        told = ["names of columns" if each.named else "values" for each in (before, after)]
        tally.told("the first row", "type", *told)
        return
    size = max(1, CELLS // max(1, len(before.names), len(after.names)))
    shared = tally.keys(str, before.names, after.names)
    for begin in itertools.count(0, size):
        pair = both(_batch, before, after, size)
        if not any(pair):
            break
        uneven = len(pair[0]) != len(pair[1]) and not tally.tolerance.statistical
        if uneven:
            _uneven(begin, pair, (before, after), tally)
        for name in shared:
            _column(name, _cells(before, pair[0], name), _cells(after, pair[1], name), tally, begin)
        if uneven:
            break
    tally.settle()


def _uneven(
    begin: int, pair: tuple[list[Row], list[Row]], sheets: tuple[Sheet, Sheet], tally: Tally
) -> None:
    rest = each(lambda sheet: sum(1 for _ in sheet.rows), *sheets)
    counts = begin + len(pair[0]) + rest[0], begin + len(pair[1]) + rest[1]
    tally.told("the table", "length", *each("{:,} rows".format, *counts))


def _sheet(file: Reader) -> Sheet:
    csv.field_size_limit(8 << 20)
    whole = text.lines_of(file)
    comments: list[str] = []
    first = ""
    for first in whole:
        if first.strip() and not first.startswith("#"):
            break
        comments.append(first.rstrip("\r\n"))
        if len(comments) > MAX_COMMENTS:
            raise TooLarge
    head = [first, *itertools.islice(whole, _SEEN)]
    mark = _delimiter(head)
    rows = csv.reader(itertools.chain(head, whole), delimiter=mark, skipinitialspace=mark == " ")
    names = next(rows, [])
    if len(names) > MAX_COLUMNS:
        raise TooLarge
    if _are_names(names):
        return Sheet(comments, names, True, _checked(rows, len(names)))
    numbered = [f"column {at + 1}" for at in range(len(names))]
    return Sheet(comments, numbered, False, _checked(itertools.chain([names], rows), len(names)))


def _delimiter(head: Sequence[str]) -> str:
    """Return what parts the cells: that which is equally often in most of the first lines."""
    given = [line for line in head if line.strip()]

    def weight(mark: str) -> int:
        counts = [line.count(mark) for line in given]
        return sum(count == counts[0] for count in counts) if counts and counts[0] else 0

    return max(DELIMITERS, key=weight)


def _are_names(cells: Sequence[str]) -> bool:
    given = [cell.strip() for cell in cells]
    return len(set(given)) == len(given) and all(
        cell and _numbers([cell]) is None for cell in given
    )


def _checked(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """Return rows of equal width: missing cells at the end are empty."""
    for number, row in enumerate(rows, start=1):
        if len(row) > width:
            raise Unreadable(f"row {number} has {len(row)} cells instead of {width}")
        if row:
            yield row + [""] * (width - len(row))


def _batch(sheet: Sheet, size: int) -> list[Row]:
    return list(itertools.islice(sheet.rows, size))


def _cells(sheet: Sheet, rows: list[Row], name: str) -> list[str]:
    at = sheet.names.index(name)
    return [row[at] for row in rows]


def _column(where: str, before: list[str], after: list[str], tally: Tally, begin: int) -> None:
    label = records.places((), begin)
    one, other = _numbers(before), _numbers(after)
    if one is not None and other is not None:
        if one.dtype != other.dtype:  # a text knows one kind of number
            one, other = one.astype(np.longdouble), other.astype(np.longdouble)
        tally.numbers(where, one, other, label)
    elif before == after:
        tally.same(len(before))
    else:
        tally.items(where, before, after, label)


def _numbers(texts: list[str]) -> Any:
    """Return texts as a row of numbers, whole ones where all are, or nothing where one is none.

    An empty cell is no number.
    """
    # Python reads 1_000, which no table means, and 007, which is a name.
    if any("_" in cell or (cell[:1] == "0" and cell[1:2].isdigit()) for cell in texts):
        return None
    try:
        return np.array(list(map(int, texts)), np.int64)
    except OverflowError:  # as texts they lose no digit
        return None
    except ValueError:
        pass
    try:
        return np.array([float(cell) if cell.strip() else np.nan for cell in texts])
    except ValueError:
        return None
