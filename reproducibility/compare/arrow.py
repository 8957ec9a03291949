"""Arrays of Arrow of any type, nested ones down to their numbers and texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reproducibility.compare.leaf import Label
from reproducibility.compare.pairs import each
from reproducibility.compare.tally import Tally

LATER = ("pyarrow.compute", "zoneinfo", "datetime", "decimal", "uuid")


def limited() -> None:
    """Keep Arrow to one thread, and its memory where the cage counts it."""
    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)


def compare(where: str, recorded: Any, found: Any, tally: Tally, label: Label) -> None:
    """Compare the next parts of two columns; the caller settles the tally."""
    before, after = _plain(recorded), _plain(found)
    if before.type != after.type and not _both_numbers(before, after):
        tally.told(where, "type", before.type, after.type)
        return
    if before.null_count or after.null_count:
        before, after, label = _valid(where, before, after, tally, label)
    kind = before.type
    if _is_number(kind):
        tally.numbers(where, _numbers(before), _numbers(after), label)
    elif _is_list(kind):
        _lists(where, before, after, tally, label)
    elif pa.types.is_struct(kind):
        _fields(where, before, after, tally, label)
    else:
        _values(where, before, after, tally, label)


def _plain(array: Any) -> Any:
    """Return an array without what is only its way of being stored."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _plain(array.dictionary_decode())
    if pa.types.is_map(kind):
        entries = pa.StructArray.from_arrays([array.keys, array.items], ["key", "value"])
        return pa.ListArray.from_arrays(array.offsets, entries)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.string())
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return array.cast(pa.binary())
    return array


def _is_number(kind: Any) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    )


def _is_list(kind: Any) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _both_numbers(before: Any, after: Any) -> bool:
    """Tell whether two types can be told apart by the tally, which knows the tolerance."""
    lists = _is_list(before.type) and _is_list(after.type)
    return lists or (_is_number(before.type) and _is_number(after.type))


def _numbers(array: Any) -> Any:
    return array.to_numpy(zero_copy_only=False)


def _valid(where: str, before: Any, after: Any, tally: Tally, label: Label) -> Any:
    """Return the pairs where both have a value; where only one has, tell it."""
    shared = min(len(before), len(after))
    masks = [_numbers(array.is_valid())[:shared] for array in (before, after)]
    places = np.flatnonzero(masks[0] != masks[1])
    tally.unequal(where, places, lambda at: (before[at].as_py(), after[at].as_py()), label)
    tally.same(int((~masks[0] & ~masks[1]).sum()))
    kept = np.flatnonzero(masks[0] & masks[1])
    chosen = pa.array(kept)
    rest = [array.slice(shared).drop_null() for array in (before, after)]
    joined = [
        pa.concat_arrays([array.take(chosen), more])
        for array, more in zip((before, after), rest, strict=True)
    ]
    return *joined, lambda at: label(int(kept[at]) if at < len(kept) else shared + at)


def _lists(where: str, before: Any, after: Any, tally: Tally, label: Label) -> None:
    lengths = each(_lengths, before, after)
    tally.numbers(f"{where} (lengths)", *lengths, label, exact=True)
    shared = min(map(len, lengths))
    unequal = not np.array_equal(lengths[0][:shared], lengths[1][:shared])
    if unequal and not tally.tolerance.statistical:
        same = np.flatnonzero(lengths[0][:shared] == lengths[1][:shared])
        before, after = before.take(pa.array(same)), after.take(pa.array(same))
        lengths = lengths[0][same], lengths[1][same]
        outer: Label = lambda at: label(int(same[at]))  # noqa: E731 - a name for what follows
    else:
        outer = label
    compare(where, before.flatten(), after.flatten(), tally, _within(lengths[0], outer))


def _lengths(array: Any) -> Any:
    return _numbers(pc.list_value_length(array)).astype(np.int64)


def _within(lengths: Any, outer: Label) -> Label:
    ends = np.cumsum(lengths)

    def label(at: int) -> str:
        entry = int(np.searchsorted(ends, at, side="right"))
        inside = at - (int(ends[entry - 1]) if entry else 0)
        return f"{outer(entry)}[{inside}]"

    return label


def _fields(where: str, before: Any, after: Any, tally: Tally, label: Label) -> None:
    fields = each(_by_name, before, after)
    for name in tally.keys(lambda name: f"{where}.{name}", *each(list, *fields)):
        compare(f"{where}.{name}", fields[0][name], fields[1][name], tally, label)


def _by_name(array: Any) -> dict[str, Any]:
    fields = zip((field.name for field in array.type), array.flatten(), strict=True)
    return dict(fields)


def _values(where: str, before: Any, after: Any, tally: Tally, label: Label) -> None:
    if len(before) != len(after):
        tally.told(where, "length", len(before), len(after))
    shared = min(len(before), len(after))
    one, other = before.slice(0, shared), after.slice(0, shared)
    apart = _apart(one, other)
    places = np.flatnonzero(apart)
    tally.same(shared - len(places))
    tally.unequal(where, places, lambda at: (one[at].as_py(), other[at].as_py()), label)


def _apart(one: Any, other: Any) -> Any:
    if pa.types.is_null(one.type):
        return np.zeros(len(one), bool)
    try:
        return _numbers(pc.not_equal(one, other))
    except pa.ArrowNotImplementedError:
        pairs = zip(one.to_pylist(), other.to_pylist(), strict=True)
        return np.fromiter((before != after for before, after in pairs), bool, len(one))
