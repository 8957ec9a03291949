"""Rows of numpy of any type: numbers, complex ones, times, texts, and records field by field."""

from __future__ import annotations

from typing import Any

import numpy as np

from reproducibility.compare import nearness
from reproducibility.compare.leaf import Label
from reproducibility.compare.tally import Tally


def places(shape: tuple[int, ...], begin: int = 0) -> Label:
    """Return the names of a flat row's values in an array, whose part begins at a flat index."""
    if len(shape) < 2:
        return lambda at: f"[{begin + at}]"

    def label(at: int) -> str:
        return f"[{', '.join(str(int(each)) for each in np.unravel_index(begin + at, shape))}]"

    return label


def compare(
    where: str, recorded: Any, found: Any, tally: Tally, label: Label, *, tested: bool = True
) -> None:
    """Compare the next parts of two rows, along their first axis; the caller settles the tally.

    What is not `tested` is no row of values of one distribution, such as an image.
    """
    types = [row.dtype for row in (recorded, found)]
    kinds = {each.kind for each in types}
    if any(each.names for each in types):
        _fields(where, recorded, found, tally, label, tested=tested)
    elif kinds == {"c"}:
        for part in ("real", "imag"):
            rows = _flat(getattr(recorded, part)), _flat(getattr(found, part))
            tally.numbers(f"{where} ({part})", *rows, _within(recorded, label), tested=tested)
    elif kinds <= set(nearness.NUMBERS):
        inner = _within(recorded, label)
        tally.numbers(where, _flat(recorded), _flat(found), inner, tested=tested)
    elif kinds & set("mM") and types[0] == types[1]:
        # No time equals no time; as whole numbers they do so by themselves.
        rows = _flat(recorded.view("i8")), _flat(found.view("i8"))
        tally.numbers(where, *rows, _within(recorded, label), exact=True)
    else:
        tally.items(where, recorded.tolist(), found.tolist(), label)


def _flat(row: Any) -> Any:
    return row.reshape(-1)


def _within(row: Any, label: Label) -> Label:
    """Return the names of values of which each place of the row has several."""
    wide = row[0].size if row.ndim > 1 and len(row) else 1
    if wide == 1:
        return label
    return lambda at: f"{label(at // wide)}[{at % wide}]"


def _fields(
    where: str, recorded: Any, found: Any, tally: Tally, label: Label, *, tested: bool
) -> None:
    def path(name: str) -> str:
        return f"{where}.{name}" if where else name

    names = list(recorded.dtype.names or ()), list(found.dtype.names or ())
    for name in tally.keys(path, *names):
        compare(path(name), recorded[name], found[name], tally, label, tested=tested)
