"""HDF5: groups, datasets block by block, and attributes, whatever the chunks and the filters."""

from __future__ import annotations

import itertools
from operator import getitem
from typing import Any

import h5py
import numpy as np

from data_mgmt.previews.reading import Opened, Reader
from reproducibility.compare import blocks, records, trees
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import TooLarge, both
from reproducibility.compare.tally import Tally

LATER: tuple[str, ...] = ("encodings.utf_8",)
MAX_THINGS = 20_000
MAX_DEPTH = 64
CACHE = 16 << 20


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell which datasets and attributes differ."""
    before, after = both(_opened, recorded, found)
    left = itertools.count(MAX_THINGS, -1)
    waiting: list[tuple[str, Any, Any]] = [("", before, after)]
    while waiting:
        path, one, other = waiting.pop()
        if next(left) <= 0 or path.count("/") > MAX_DEPTH:
            raise TooLarge
        _attributes(path, one, other, tally)
        if isinstance(one, h5py.Dataset):
            _datasets(path, one, other, tally)
        elif isinstance(one, h5py.Group):
            waiting += reversed(_groups(path, one, other, tally))


def _opened(file: Reader) -> Any:
    return h5py.File(Opened(file), "r", rdcc_nbytes=CACHE)


def _groups(path: str, before: Any, after: Any, tally: Tally) -> list[tuple[str, Any, Any]]:
    names = both(_keys, before, after)
    shared = []
    for name in tally.keys(lambda name: f"{path}/{name}", *names):
        where = f"{path}/{name}"
        links = both(_link, before, after, name)
        if not all(isinstance(link, h5py.HardLink) for link in links):
            # What a link leads to may be another file: it is told, never followed.
            tally.items(where, *each(_leads_to, *links), lambda _at: " (link)")
            continue
        one, other = both(getitem, before, after, name)
        if type(one) is not type(other):
            tally.told(where, "type", type(one).__name__, type(other).__name__)
        else:
            shared.append((where, one, other))
    return shared


def _keys(things: Any) -> list[str]:
    return list(things)


def _link(group: Any, name: str) -> Any:
    return group.get(name, getlink=True)


def _leads_to(link: Any) -> list[str]:
    if isinstance(link, h5py.HardLink):
        return ["its own"]
    return [f"{getattr(link, 'filename', '')}:{link.path}"]


def _attributes(path: str, before: Any, after: Any, tally: Tally) -> None:
    if isinstance(before, h5py.Datatype):
        tally.items(path, [repr(before.dtype)], [repr(after.dtype)], lambda _at: "")
    names = both(_keys, before.attrs, after.attrs)
    for name in tally.keys(lambda name: f"{path}@{name}", *names):
        values = both(_value, before.attrs, after.attrs, name)
        trees.compare(f"{path}@{name}", *values, tally)


def _value(attributes: Any, name: str) -> Any:
    held = attributes[name]
    if isinstance(held, h5py.Empty):
        return f"nothing, of {held.dtype}"
    if isinstance(held, h5py.Reference) or getattr(held, "dtype", np.dtype("f8")).kind in "OSUVmM":
        return _plain(attributes, held)
    return held.item() if isinstance(held, np.generic) else held


def _datasets(where: str, before: Any, after: Any, tally: Tally) -> None:
    if before.shape != after.shape:
        tally.told(where, "length", before.shape, after.shape)
        return
    if before.shape is None:
        return
    wide = max(before.dtype.itemsize, after.dtype.itemsize)
    for block in blocks.of(before.shape, wide):
        one, other = both(_read, before, after, block)
        rows = one.reshape(-1), other.reshape(-1)
        label = blocks.places(one.shape, block)
        records.compare(where, *rows, tally, label, tested=before.ndim == 1)
    tally.settle()


def _read(thing: Any, block: tuple[slice, ...]) -> Any:
    held = np.atleast_1d(thing[block])
    if held.dtype.kind != "O":
        return held
    rows = [_plain(thing, each) for each in held.reshape(-1)]
    plain = np.empty(len(rows), object)
    plain[:] = rows
    return plain.reshape(held.shape)


def _plain(thing: Any, value: Any) -> Any:
    """Return what numpy holds as an object: texts, rows of varying length, references by name."""
    if isinstance(value, h5py.Reference):
        name = h5py.h5r.get_name(value, getattr(thing, "_id", None) or thing.id) if value else None
        return f"reference to {name!r}"
    if isinstance(value, np.ndarray | np.void):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(_plain(thing, each) for each in value)
    return value
