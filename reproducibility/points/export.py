"""Points as files that come back as the same points."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from reproducibility.points.csv import DELIMITERS, FORMULA
from reproducibility.points.values import Points, Value


def as_csv(points: Points) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180), header first.

    Numbers stand as they are, to the last digit. Texts and names that a spreadsheet would take for
    a formula get an apostrophe before them, which reading takes off again.
    """
    # Quoted, a name can't be mistaken for several when the delimiter is looked for.
    marks = any(mark in name for name in points.columns for mark in DELIMITERS[1:])
    header = csv.writer(_Given(), quoting=csv.QUOTE_ALL if marks else csv.QUOTE_MINIMAL)
    yield _line(header, points.columns)
    writer = csv.writer(_Given())
    for row in points.rows:
        yield _line(writer, row)


def as_json(points: Points) -> str:
    """Return a JSON document with `columns` and `rows`."""
    return json.dumps({"columns": points.columns, "rows": points.rows}, allow_nan=False)


class _Given:
    """A file that gives back what is written: so does the writer then."""

    def write(self, text: str) -> str:
        return text


def _line(writer: Any, cells: Iterable[Value]) -> str:
    return str(writer.writerow([_cell(cell) for cell in cells]))


def _cell(value: Value) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value
