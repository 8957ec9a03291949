"""ROOT: the keys, the branches of its trees, and a histogram of what is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import awkward as ak
import numpy as np
import uproot

from data_mgmt.previews import plots
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Opened, Reader
from data_mgmt.previews.values import (
    Block,
    Histogram,
    Node,
    Note,
    Preview,
    Refused,
    TooMuch,
    Tree,
    said,
    told,
)

LATER = (*plots.LATER, "cramjam", "xxhash", "lzma")
MAX_ENTRIES = 100_000
MAX_BASKET_BYTES = 16 << 20
MAX_KEYS = 300
MAX_BRANCHES = 1500
MAX_DEPTH = 6


def preview(file: Reader, _format: str, options: Options) -> Preview:
    """Return a ROOT file's tree of keys and one histogram."""
    opened = uproot.open(Opened(file), use_threads=False)
    keys = _keys(opened)
    nodes = tuple(_nodes(opened, keys))
    chosen = options.branch or _first(nodes)
    blocks: list[Block] = []
    if chosen:
        blocks.append(_looked_at(opened, chosen, asked=bool(options.branch)))
    if len(keys) > MAX_KEYS:
        blocks.append(Note(said("The first %(n)s keys are shown.", n=MAX_KEYS)))
    tree = Tree("Keys and branches", nodes, "branch", chosen)
    version = told(opened.file.root_version, 20)
    summary = said("Keys: %(n)s, ROOT %(version)s", n=len(keys), version=version)
    return Preview("root", summary, (*blocks, tree))


def _keys(opened: Any) -> dict[str, str]:
    """Return the newest cycle of each key below the file, with its class."""
    found: dict[str, str] = {}
    for key, name in opened.iterclassnames(recursive=True, cycle=False):
        if len(found) > MAX_KEYS:
            break
        found.setdefault(key, name)
    return found


def _nodes(opened: Any, keys: dict[str, str]) -> Iterator[Node]:
    left = MAX_BRANCHES
    for key, name in list(keys.items())[:MAX_KEYS]:
        depth = min(key.count("/"), MAX_DEPTH)
        if _is_tree(name):
            tree = _safely(lambda key=key: opened[key])
            entries = f"{told(tree.num_entries)} entries" if tree is not None else "unreadable"
            yield Node(depth, told(key.rpartition("/")[2]), name, entries)
            for node in _branches(tree, key, depth + 1, left) if tree is not None else ():
                left -= 1
                yield node
        else:
            drawn = name.startswith(("TH1", "TH2", "TProfile"))
            yield Node(depth, told(key.rpartition("/")[2]), told(name), "", key if drawn else "")


def _is_tree(name: str) -> bool:
    return name in {"TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple"}


def _safely(ask: Any) -> Any:
    """Return an object of the file, or nothing where only this one is broken."""
    try:
        return ask()
    except (MemoryError, TooMuch):
        raise
    except Exception:  # noqa: BLE001 - a library's many errors; the rest of the file may be whole
        return None


def _branches(parent: Any, path: str, depth: int, left: int) -> Iterator[Node]:
    branches = getattr(parent, "branches", None) or getattr(parent, "fields", None) or ()
    for branch in branches:
        if left <= 0 or depth > MAX_DEPTH:
            return
        left -= 1
        name = str(getattr(branch, "name", ""))
        typename = told(getattr(branch, "typename", ""), 60)
        inner = list(getattr(branch, "branches", ()) or ())
        value = f"{path}/{name}" if len(path) + len(name) < 500 and not inner else ""
        yield Node(depth, told(name), typename, "", value)
        for node in _branches(branch, f"{path}/{name}", depth + 1, left) if inner else ():
            left -= 1
            yield node


def _first(nodes: tuple[Node, ...]) -> str:
    """Return what is looked at when nobody has chosen: the first thing with plain numbers."""
    numbers = ("float", "double", "int", "uint", "TH1", "TH2", "TProfile")
    flat = [node for node in nodes if node.value and node.type.startswith(numbers)]
    within = [node for node in flat if node.type in {"float", "double", "float[]", "double[]"}]
    chosen = next(iter((*within, *flat)), None)
    listed = next((node for node in nodes if node.value), None)
    found = chosen or listed
    return found.value if found else ""


def _looked_at(opened: Any, path: str, *, asked: bool) -> Block:
    thing = _safely(lambda: opened[path])
    if thing is None:
        raise Refused("branch", said("This file has no key or branch %(name)s.", name=path))
    if hasattr(thing, "to_numpy") and not hasattr(thing, "entry_offsets"):
        return _kept(thing, path)
    drawn: Block | None = _safely(lambda: _drawn(thing, path))
    if drawn is not None:
        return drawn
    if asked:
        text = "%(name)s holds nothing that a histogram can show."
        raise Refused("branch", said(text, name=path))
    return Note(said("The first branch holds no numbers: choose another one below."))


def _drawn(branch: Any, path: str) -> Block | None:
    """Return the histogram of a branch's first entries."""
    total = int(branch.num_entries)
    entries = _entries(branch, total)
    held = branch.array(entry_stop=entries, library="ak")
    values = _numbers(held)
    if values is None:
        return None
    note = said("%(n)s of %(all)s entries read.", n=entries, all=total)
    if len(values) != entries:
        note = said(
            "%(n)s of %(all)s entries read, with %(values)s values in them.",
            n=entries, all=total, values=len(values),
        )  # fmt: skip
    return plots.histogram(values, "Histogram", path, note)


def _entries(branch: Any, total: int) -> int:
    """Return how many entries may be read: whole baskets of bounded size, at least one."""
    stops = list(getattr(branch, "entry_offsets", None) or (0, total))
    entries, size = 0, 0
    for number, stop in enumerate(stops[1:]):
        size += _basket_bytes(branch, number)
        if entries and (size > MAX_BASKET_BYTES or stop > MAX_ENTRIES):
            break
        entries = int(stop)
    return max(0, min(entries, total, MAX_ENTRIES))


def _basket_bytes(branch: Any, number: int) -> int:
    try:
        return int(branch.basket_uncompressed_bytes(number))
    except (AttributeError, IndexError, TypeError, ValueError):
        return 0


def _numbers(held: Any) -> Any:
    flat = ak.flatten(held, axis=None)
    if not isinstance(flat, ak.Array):
        return None
    values = np.asarray(ak.to_numpy(flat))
    return values if values.dtype.kind in "biuf" else None


def _kept(thing: Any, path: str) -> Block:
    """Return a histogram that lies in the file; one of two dimensions as its picture."""
    held = thing.to_numpy()
    counts = np.asarray(held[0], dtype=np.float64)
    entries = said("As it lies in the file: %(n)s in sum.", n=f"{np.nansum(counts):.6g}")
    if counts.ndim == 1 and counts.size <= 2000:
        edges = np.asarray(held[1], dtype=np.float64)
        good = np.nan_to_num(counts, posinf=0.0, neginf=0.0)
        return Histogram(
            "Histogram", tuple(map(float, edges)), tuple(map(float, good)), path, entries
        )
    if counts.ndim == 1:
        return plots.curve(counts, "Histogram", path, entries)
    if counts.ndim == 2:
        top = float(np.nanmax(counts)) if counts.size else 0.0
        return plots.gray(counts.T[::-1] / (top or 1.0), "Histogram", path, entries)
    return Note(said("A histogram of %(n)s dimensions is not drawn.", n=counts.ndim))
