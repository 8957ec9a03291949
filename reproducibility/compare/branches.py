"""Trees and ntuples of ROOT: branch by branch, in parts of the entries."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import awkward as ak
import numpy as np

from reproducibility.compare import arrow, nearness, records, streams
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import TooLarge, Unreadable, both
from reproducibility.compare.tally import Tally

MAX_BRANCHES = 20_000
#: Bytes of a branch that are in memory at once, of each file, before baskets are cut.
PIECE = 4 << 20
FIRST_ENTRIES, MAX_ENTRIES = 1 << 12, 1 << 20
#: So many times as many entries are read at most after those that were small.
GROWTH = 16


def compare(where: str, before: Any, after: Any, tally: Tally) -> None:
    """Tell which branches differ, and in which entries."""
    totals = int(before.num_entries), int(after.num_entries)
    if totals[0] != totals[1] and not tally.tolerance.statistical:
        tally.told(where, "length", *each("{:,} entries".format, *totals))
    held = both(_named, before, after)
    for name in tally.keys(lambda name: f"{where}/{name}", *each(list, *held)):
        pair = held[0][name], held[1][name]
        typenames = str(pair[0].typename), str(pair[1].typename)
        if typenames[0] != typenames[1] and not tally.tolerance.numeric:
            tally.told(f"{where}/{name}", "type", *typenames)
            continue
        try:
            _branch(f"{where}/{name}", pair, tally)
        except Unreadable:
            # Of many classes uproot has no model; their bytes may well be equal.
            _stored(f"{where}/{name}", pair, tally)
        tally.settle()


def _named(tree: Any) -> dict[str, Any]:
    return dict(_branches(tree, ""))


def _branches(parent: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Return the branches that hold values, by their path."""
    inside = parent.branches if hasattr(parent, "branches") else parent.fields
    for number, branch in enumerate(inside):
        if number > MAX_BRANCHES:
            raise TooLarge
        name = f"{path}{branch.name}"
        if getattr(branch, "branches", ()):
            yield from _branches(branch, f"{name}/")
        else:
            yield name, branch


def _branch(where: str, pair: tuple[Any, Any], tally: Tally) -> None:
    for begin, one, other in streams.aligned(*each(_parts, *pair)):
        if len(one) != len(other) and not tally.tolerance.statistical:
            break
        _compare(where, one, other, tally, begin)


def _stored(where: str, pair: tuple[Any, Any], tally: Tally) -> None:
    """Compare the baskets of branches that can't be looked into; faults in them are told."""
    numbers = both(_baskets, *pair)
    alike = numbers[0] == numbers[1]
    for number in range(numbers[0] if alike else 0):
        one, other = both(_basket, *pair, number)
        if one != other:
            alike = False
            break
    if alike:
        tally.same(int(pair[0].num_entries))
    else:
        tally.told(where, "value", "values that can't be looked into", "other such values")


def _baskets(branch: Any) -> int:
    return int(branch.num_baskets)


def _basket(branch: Any, number: int) -> tuple[bytes, bytes]:
    basket = branch.basket(number)
    offsets = basket.byte_offsets
    return bytes(basket.data), b"" if offsets is None else offsets.tobytes()


def _parts(branch: Any) -> Iterator[Any]:
    """Return the values in parts of bounded size, by what the last ones took in memory."""
    begin, step, total = 0, FIRST_ENTRIES, int(branch.num_entries)
    ends = _ends(branch)
    while begin < total:
        end = min(begin + step, total)
        at = bisect_left(ends, end)
        end = ends[at] if at < len(ends) else end
        part = branch.array(entry_start=begin, entry_stop=end, library="ak")
        yield part
        fitting = PIECE * (end - begin) // max(1, part.nbytes)
        step = max(1, min(MAX_ENTRIES, fitting, (end - begin) * GROWTH))
        begin = end


def _ends(branch: Any) -> list[int]:
    """Return where clusters end: each is decoded as a whole, however little of it is asked for."""
    ntuple = getattr(branch, "ntuple", None)
    if ntuple is None:
        return []
    clusters = ntuple.cluster_summaries
    return [int(each.num_first_entry) + int(each.num_entries) for each in clusters]


def _compare(where: str, one: Any, other: Any, tally: Tally, begin: int) -> None:
    label = records.places((), begin)
    rows = each(_as_row, one, other)
    if rows[0] is not None and rows[1] is not None:
        records.compare(where, *rows, tally, label)
        return
    arrow.compare(where, *both(_as_column, one, other), tally, label)


def _as_column(array: Any) -> Any:
    return ak.to_arrow(array, extensionarray=False)


def _as_row(array: Any) -> Any:
    """Return an array of numbers, of one or several a place, as a row of numpy."""
    layout = array.layout
    if isinstance(layout, ak.contents.NumpyArray) and layout.data.dtype.kind in nearness.NUMBERS:
        return np.asarray(layout.data)
    return None
