"""CSV: its first rows, what a bounded sample tells of each column, a histogram."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from data_mgmt.previews import plots
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Reader
from data_mgmt.previews.text import beginning
from data_mgmt.previews.values import (
    NOTHING,
    Block,
    Choice,
    Column,
    Preview,
    Refused,
    Said,
    Table,
    Unreadable,
    said,
    told,
)

LATER = plots.LATER
SAMPLE = 1 << 20
MAX_ROWS = 20_000
MAX_COLUMNS = 200
SHOWN_COLUMNS = 30
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Known:
    """A column of the sample: its texts, and its numbers when all that is there are numbers."""

    name: str
    texts: Sequence[str]
    numbers: Sequence[float] | None


def preview(file: Reader, _format: str, options: Options) -> Preview:
    """Return a CSV file's first rows and columns."""
    text, encoding, whole = beginning(file, SAMPLE)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise Unreadable(said("The file has no row."))
    delimiter = _delimiter(lines)
    rows = _rows(lines, delimiter)
    columns = _columns(rows)
    sample = said("Of the first %(n)s rows.", n=max(len(each.texts) for each in columns))
    if whole and len(rows) < MAX_ROWS:
        sample = said("Of all %(n)s rows.", n=max(len(each.texts) for each in columns))
    blocks: list[Block] = [*_chosen(columns, options, sample)]
    blocks += [_first_rows(columns, options.rows), _summary(columns, sample)]
    names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
    about = said("Columns: %(columns)s, between %(delimiter)s, %(encoding)s",
                 columns=len(columns), delimiter=names[delimiter], encoding=encoding)  # fmt: skip
    return Preview("csv", about, tuple(blocks))


def _delimiter(lines: Sequence[str]) -> str:
    """Return what parts the cells: that which most lines have equally often."""
    heads = lines[:50]
    best, most = ",", 0
    for mark in f"{DELIMITERS} ":
        counts = [line.count(mark) for line in heads]
        alike = sum(1 for count in counts if count == counts[0]) if counts[0] else 0
        weight = alike * (1 if mark == " " else 2)
        if weight > most:
            best, most = mark, weight
    return best


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    csv.field_size_limit(SAMPLE)
    reader = csv.reader(iter(lines), delimiter=delimiter, skipinitialspace=delimiter == " ")
    try:
        rows = [row[:MAX_COLUMNS] for row in itertools.islice(reader, MAX_ROWS + 1)]
    except csv.Error as exc:
        raise Unreadable(said("It can't be read as CSV.")) from exc
    return rows


def _columns(rows: list[list[str]]) -> list[Known]:
    head, body = (rows[0], rows[1:]) if _is_head(rows) else ([], rows)
    width = min(MAX_COLUMNS, max(len(row) for row in rows[:1000]))
    return [
        _column(
            told(head[at] if at < len(head) else f"column {at + 1}", 60),
            [row[at] if at < len(row) else "" for row in body],
        )
        for at in range(width)
    ]


def _is_head(rows: list[list[str]]) -> bool:
    first = [cell.strip() for cell in rows[0]]
    return all(cell and _number(cell) is None for cell in first) and len(set(first)) == len(first)


def _column(name: str, texts: list[str]) -> Known:
    given = [text for text in texts if text.strip()]
    numbers = [_number(text) for text in given]
    whole = [number for number in numbers if number is not None]
    return Known(name, texts, whole if whole and len(whole) == len(given) else None)


def _number(text: str) -> float | None:
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _chosen(columns: list[Known], options: Options, note: Said) -> list[Block]:
    numeric = {each.name: each for each in columns if each.numbers}
    if options.branch and options.branch not in numeric:
        text = "This file has no column of numbers called %(name)s."
        raise Refused("branch", said(text, name=options.branch))
    # The first column mostly counts the rows.
    name = options.branch or next(iter((*list(numeric)[1:], *numeric)), "")
    if not name:
        return []
    choice = Choice("branch", "Column", name, tuple((each, each) for each in numeric))
    return [choice, plots.histogram(list(numeric[name].numbers or ()), "Histogram", name, note)]


def _first_rows(columns: list[Known], rows: int) -> Table:
    shown = columns[:SHOWN_COLUMNS]
    heads = tuple(Column(each.name, "", each.numbers is not None) for each in shown)
    cells = tuple(zip(*([told(text, 60) for text in each.texts[:rows]] for each in shown),
                      strict=True))  # fmt: skip
    note = said("%(n)s rows, %(shown)s of %(columns)s columns.",
                n=len(cells), shown=len(shown), columns=len(columns))  # fmt: skip
    return Table("First rows", heads, cells, "", note)


def _summary(columns: list[Known], note: Said) -> Table:
    heads = (Column("Column"), Column("Type"), Column("Empty", numeric=True),
             Column("Different", numeric=True), Column("Least", numeric=True),
             Column("Mean", numeric=True), Column("Greatest", numeric=True))  # fmt: skip
    return Table("Columns", heads, tuple(_summed_up(each) for each in columns), "", note)


def _summed_up(column: Known) -> tuple[str, ...]:
    empty = sum(1 for text in column.texts if not text.strip())
    different = len(set(column.texts))
    finite = [number for number in column.numbers or () if math.isfinite(number)]
    figures: tuple[str, str, str] = (NOTHING, NOTHING, NOTHING)
    if finite:
        mean = sum(number / len(finite) for number in finite)
        figures = (f"{min(finite):.6g}", f"{mean:.6g}", f"{max(finite):.6g}")
    kind = "number" if column.numbers else "text"
    return (column.name, kind, told(empty), told(different), *figures)
