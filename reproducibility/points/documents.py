"""JSON: a list of objects with the same keys, or an object with `columns` and `rows`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from reproducibility.points.tables import Problem, Row, Table, Unreadable

LATER = ("encodings.utf_8_sig", "json.scanner")
#: More digits than the largest whole number of 64 bits has.
MOST_DIGITS = 20


@dataclass(frozen=True, slots=True)
class _Twice:
    """In place of an object in which a key stands twice."""

    key: str


def read(file: BinaryIO) -> Table:
    """Return the table of a document in UTF-8; a row's number is its place in the list, from 1."""
    try:
        text = file.read().decode("utf-8-sig")
        found = json.loads(text, object_pairs_hook=_object, parse_int=_whole)
    except UnicodeDecodeError as exc:
        raise Unreadable(Problem.NO_TEXT) from exc
    except json.JSONDecodeError as exc:
        raise Unreadable(Problem.JSON, number=exc.lineno) from exc
    except RecursionError as exc:
        raise Unreadable(Problem.NESTED) from exc
    return table(found)


def table(found: Any) -> Table:
    """Return what JSON gave as a table."""
    if isinstance(found, _Twice):
        raise Unreadable(Problem.TWICE, column=found.key)
    if isinstance(found, dict) and found.keys() == {"columns", "rows"}:
        return _split(found["columns"], found["rows"])
    if not isinstance(found, list):
        raise Unreadable(Problem.SHAPE)
    if not found:
        raise Unreadable(Problem.EMPTY)
    columns = tuple(_checked(found[0], 1))
    return Table(columns, _entries(found, columns))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Twice:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [key for key, _ in pairs]
    return _Twice(next(key for key in names if names.count(key) > 1))


def _whole(text: str) -> int | float:
    # Thousands of digits would take their time, and Python refuses them.
    return int(text) if len(text) <= MOST_DIGITS else float(text)


def _split(columns: Any, rows: Any) -> Table:
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise Unreadable(Problem.SHAPE)
    if not columns or not all(isinstance(name, str) for name in columns):
        raise Unreadable(Problem.NAMES)
    return Table(tuple(columns), _lists(rows))


def _lists(rows: list[Any]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list):
            raise Unreadable(Problem.SHAPE, row=number)
        yield number, row


def _entries(found: list[Any], columns: tuple[str, ...]) -> Iterator[Row]:
    known = frozenset(columns)
    for number, each in enumerate(found, 1):
        entry = _checked(each, number)
        if entry.keys() != known:
            strange = next(iter(entry.keys() ^ known))
            raise Unreadable(Problem.KEYS, row=number, column=strange)
        yield number, [entry[name] for name in columns]


def _checked(entry: Any, number: int) -> dict[str, Any]:
    if isinstance(entry, _Twice):
        raise Unreadable(Problem.TWICE, row=number, column=entry.key)
    if not isinstance(entry, dict) or not entry:
        raise Unreadable(Problem.SHAPE, row=number)
    return entry
