"""HDF5: the tree of groups and datasets, attributes, and small plots of what is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from data_mgmt.previews import plots
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Opened, Reader
from data_mgmt.previews.values import (
    TIMES,
    Block,
    Column,
    Node,
    Note,
    Pairs,
    Preview,
    Refused,
    Said,
    Table,
    TooMuch,
    Tree,
    said,
    told,
)

LATER = plots.LATER
MAX_NODES = 1500
MAX_DEPTH = 12
MAX_VALUES = 200_000
MAX_ATTRIBUTES = 60
MAX_COLUMNS = 30
CACHE = 32 << 20


def preview(file: Reader, _format: str, options: Options) -> Preview:
    """Return the tree of an HDF5 file and a look at one dataset."""
    opened = h5py.File(Opened(file), "r", rdcc_nbytes=CACHE)
    nodes = tuple(_nodes(opened, 0, ""))
    chosen = options.branch or next((node.value for node in nodes if _plottable(node)), "")
    blocks: list[Block] = []
    if chosen:
        try:
            blocks += _looked_at(opened, chosen, options)
        except (OSError, RuntimeError):
            # The rest of the file may well be whole.
            blocks.append(Note(said("%(name)s is damaged: it can't be read.", name=chosen), "bad"))
    blocks.append(Tree("Groups and datasets", nodes, "branch", chosen, _cut(nodes)))
    if own := _attributes(opened, "/"):
        blocks.append(own)
    datasets = sum(1 for node in nodes if node.value)
    return Preview("hdf5", said("Datasets: %(n)s", n=datasets), tuple(blocks))


def _cut(nodes: tuple[Node, ...]) -> Said:
    return said("The first %(n)s are shown.", n=MAX_NODES) if len(nodes) >= MAX_NODES else Said()


def _plottable(node: Node) -> bool:
    return bool(node.value) and node.type.startswith(("float", "int", "uint", ">", "<"))


def _nodes(group: Any, depth: int, path: str, left: int = MAX_NODES) -> Iterator[Node]:
    for name in group:
        if left <= 0 or depth >= MAX_DEPTH:
            return
        here = f"{path}/{name}"
        link = group.get(name, getlink=True)
        left -= 1
        if not isinstance(link, h5py.HardLink):
            # What a link leads to may be another file: it is told, never followed.
            yield Node(depth, told(name), "link", told(getattr(link, "path", "")))
            continue
        thing = group[name]
        if isinstance(thing, h5py.Group):
            yield Node(depth, told(name), "group", f"{len(thing)} inside")
            for node in _nodes(thing, depth + 1, here, left):
                left -= 1
                yield node
        elif isinstance(thing, h5py.Dataset):
            value = here if len(here) < 500 else ""
            yield Node(depth, told(name), told(thing.dtype, 60), _shape(thing), value)
        else:
            yield Node(depth, told(name), "type")


def _shape(thing: Any) -> str:
    if thing.shape is None:
        return "empty"
    return TIMES.join(map(str, thing.shape)) or "one value"


def _looked_at(opened: Any, path: str, options: Options) -> list[Block]:
    thing = _dataset(opened, path)
    if thing is None:
        raise Refused("branch", said("This file has no dataset %(name)s.", name=path))
    blocks: list[Block] = [*_drawn(thing, path, options.rows)]
    about = [("Type", told(thing.dtype)), ("Shape", _shape(thing))]
    about += [("Compression", told(thing.compression))] if thing.compression else []
    about += [("Chunks", TIMES.join(map(str, thing.chunks)))] if thing.chunks else []
    rows = (*about, *_attribute_rows(thing))
    return [*blocks, Pairs("Dataset", rows, path)]


def _dataset(opened: Any, path: str) -> Any:
    """Return a dataset by its path, by hard links only."""
    here = opened
    for name in path.strip("/").split("/"):
        if not isinstance(here, h5py.Group) or name not in here:
            return None
        if not isinstance(here.get(name, getlink=True), h5py.HardLink):
            return None
        here = here[name]
    return here if isinstance(here, h5py.Dataset) else None


def _drawn(thing: Any, path: str, rows: int) -> list[Block]:
    if thing.shape is None or 0 in thing.shape:
        return [Note(said("This dataset is empty."))]
    if thing.dtype.names:
        return [_records(thing, path, rows)]
    if thing.ndim == 0 or thing.dtype.kind not in "biuf":
        return [_values(thing, path, rows)]
    if thing.ndim == 1:
        length = min(thing.shape[0], MAX_VALUES)
        held = thing[:length]
        note = said("%(n)s of %(all)s values read.", n=length, all=thing.shape[0])
        return [
            plots.curve(held, "Values", path, note), plots.histogram(held, "Histogram", path, note),
        ]  # fmt: skip
    return _plane(thing, path)


def _plane(thing: Any, path: str) -> list[Block]:
    height, width = thing.shape[-2:]
    if width * thing.dtype.itemsize > 4 << 20:
        raise TooMuch
    step, across = -(-height // plots.MAX_SIDE), -(-width // plots.MAX_SIDE)
    first = (0,) * (thing.ndim - 2)
    lines = [thing[(*first, at)][::across] for at in range(0, height, step)]
    held = np.stack(lines).astype(np.float64)
    finite = held[np.isfinite(held)]
    text = "%(height)s by %(width)s values; one of %(step)s rows is read."
    if step == across == 1:
        text = "%(height)s by %(width)s values."
    note = said(text, height=height, width=width, step=step)
    if thing.ndim > 2:
        note = said("The first plane of %(shape)s values.", shape=_shape(thing))
    if not finite.size:
        return [Note(said("This dataset holds no finite number."))]
    low, high = np.percentile(finite, (0.5, 99.5))
    scaled = (held - low) / ((high - low) or 1.0)
    return [plots.gray(scaled, "Image", path, note), plots.histogram(finite, "Histogram", path)]


def _values(thing: Any, path: str, rows: int) -> Block:
    if thing.ndim == 0:
        return Pairs("Value", ((path.rpartition("/")[2], _one(thing[()])),), path)
    first = thing[(slice(0, rows), *(0,) * (thing.ndim - 1))]
    note = said("%(n)s of %(all)s values.", n=len(first), all=thing.shape[0])
    cells = tuple((_one(each),) for each in first)
    return Table("First values", (Column(told(path.rpartition("/")[2])),), cells, path, note)


def _records(thing: Any, path: str, rows: int) -> Block:
    names = thing.dtype.names[:MAX_COLUMNS]
    if thing.dtype.itemsize * rows > 8 << 20:
        raise TooMuch
    held = np.atleast_1d(thing[:rows] if thing.ndim == 1 else thing[()]).ravel()[:rows]
    columns = tuple(
        Column(told(name), told(thing.dtype[name], 30), thing.dtype[name].kind in "iuf")
        for name in names
    )
    cells = tuple(tuple(_one(each[name]) for name in names) for each in held)
    note = said("%(n)s of %(all)s rows.", n=len(held), all=thing.size)
    return Table("First rows", columns, cells, path, note)


def _one(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"{told(value.ravel()[:8].tolist(), 60)} … ({value.size} values)"
    return told(value.tolist() if isinstance(value, np.ndarray) else value)


def _attribute_rows(thing: Any) -> Iterator[tuple[str, str]]:
    for number, name in enumerate(thing.attrs):
        if number >= MAX_ATTRIBUTES:
            return
        try:
            yield told(name), _one(thing.attrs[name])
        except (OSError, TypeError, ValueError):
            yield told(name), "(can't be read)"


def _attributes(thing: Any, path: str) -> Pairs | None:
    rows = tuple(_attribute_rows(thing))
    return Pairs("Attributes", rows, path) if rows else None
