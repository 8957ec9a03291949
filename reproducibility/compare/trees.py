"""Nested values, such as a JSON document or a ROOT object, compared by their paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from reproducibility.compare import nearness
from reproducibility.compare.tally import Tally

_Job = tuple[str, Any, Any]
#: Lists of numbers from this length on are compared as rows.
ROW = 8


def compare(
    where: str, recorded: Any, found: Any, tally: Tally,
    *, opened: Callable[[Any], Any] = lambda value: value,
) -> None:  # fmt: skip
    """Tell the paths that differ; `opened` makes what a library returns into plain values.

    What is in a document several times, by an alias, is compared once: a few lines of YAML can
    stand for more than any machine compares.
    """
    waiting: list[_Job] = [(where, recorded, found)]
    done: dict[tuple[int, int], tuple[Any, Any]] = {}
    while waiting:
        path, one, other = waiting.pop()
        before, after = opened(one), opened(other)
        if isinstance(before, Mapping | Sequence | Set) and not isinstance(before, str | bytes):
            if (id(one), id(other)) in done:
                continue
            done[id(one), id(other)] = one, other  # kept, so that no other gets its id
        waiting += reversed(list(_inside(path, before, after, tally)))


def _inside(path: str, before: Any, after: Any, tally: Tally) -> Iterable[_Job]:
    """Compare two values as far as they are plain, and return what is in them."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return _mappings(path, before, after, tally)
    if isinstance(before, Set) and isinstance(after, Set):
        return [(path, sorted(map(repr, before)), sorted(map(repr, after)))]
    if _is_list(before) and _is_list(after):
        return _lists(path, before, after, tally)
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        _rows(path, before, after, tally)
    else:
        _plain(path or "the document", before, after, tally)
    return ()


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _mappings(
    path: str, before: Mapping[Any, Any], after: Mapping[Any, Any], tally: Tally
) -> list[_Job]:
    names = [{_name(key): key for key in each} for each in (before, after)]

    def where(name: str) -> str:
        return f"{path}.{name}" if path else name

    shared = tally.keys(where, list(names[0]), list(names[1]))
    return [(where(name), before[names[0][name]], after[names[1][name]]) for name in shared]


def _name(key: Any) -> str:
    return key if isinstance(key, str) else f"<{key!r}>"


def _lists(path: str, before: Any, after: Any, tally: Tally) -> Iterable[_Job]:
    if len(before) != len(after) and not tally.tolerance.statistical:
        tally.told(path or "the document", "length", len(before), len(after))
    rows = [_as_row(each) for each in (before, after)]
    if rows[0] is not None and rows[1] is not None:
        if rows[0].dtype != rows[1].dtype:  # a document knows one kind of number
            rows = [row.astype(np.longdouble) for row in rows]
        _rows(path, rows[0], rows[1], tally, uneven=tally.tolerance.statistical)
        return ()
    if len(before) != len(after) and tally.tolerance.statistical:
        tally.told(path or "the document", "length", len(before), len(after))
    pairs = enumerate(zip(before, after, strict=False))
    return [
        (name, one, other)
        for at, (one, other) in pairs
        if not tally.ignores(name := f"{path}[{at}]")
    ]


def _as_row(values: Any) -> Any:
    """Return a long list of numbers of one type as a row of them."""
    kinds = set(map(type, values))
    if len(values) < ROW or len(kinds) != 1 or not kinds <= {int, float}:
        return None
    row = np.asarray(values)
    return row if row.dtype.kind in "iuf" else None


def _rows(path: str, before: Any, after: Any, tally: Tally, *, uneven: bool = True) -> None:
    if before.ndim > 1 and before.shape != after.shape:
        tally.told(path, "length", before.shape, after.shape)
    elif before.dtype.kind in nearness.NUMBERS and after.dtype.kind in nearness.NUMBERS:
        before, after = before.ravel(), after.ravel()
        shared = None if uneven else min(len(before), len(after))
        tally.numbers(path, before[:shared], after[:shared])
        tally.settle(path)
    else:
        tally.items(path, before.ravel().tolist(), after.ravel().tolist())


def _plain(path: str, before: Any, after: Any, tally: Tally) -> None:
    if _is_number(before) and _is_number(after):
        tally.number(path, before, after)
    elif type(before) is not type(after):
        tally.told(path, "type", _kind(before), _kind(after))
    elif before == after:
        tally.same()
    else:
        tally.told(path, "value", before, after)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    words = {"NoneType": "nothing", "str": "a text", "bool": "true or false", "dict": "an object",
             "list": "a list", "int": "a number", "float": "a number"}  # fmt: skip
    return words.get(type(value).__name__, type(value).__name__)
