"""ROOT: trees branch by branch, histograms bin by bin, other objects by their members."""

from __future__ import annotations

from operator import getitem
from typing import Any

import uproot

from data_mgmt.previews.reading import Opened, Reader
from data_mgmt.previews.root import LATER as _LATER
from reproducibility.compare import arrow, branches, histograms, trees
from reproducibility.compare.members import members
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import TooLarge, both
from reproducibility.compare.tally import Tally

LATER = (*_LATER, *arrow.LATER, "awkward._connect.pyarrow", "uproot.interpretation.library")
MAX_KEYS = 20_000
MAX_OBJECT = 64 << 20
TREES = {"TTree", "TNtuple", "TNtupleD", "TChain", "ROOT::RNTuple", "ROOT::Experimental::RNTuple"}


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell which keys differ, and where."""
    arrow.limited()
    before, after = both(_opened, recorded, found)
    kinds = both(_keys, before, after)
    for key in tally.keys(str, *each(list, *kinds)):
        classes = kinds[0][key], kinds[1][key]
        if classes[0] != classes[1]:
            tally.told(key, "type", *classes)
        elif classes[0] in TREES:
            branches.compare(key, *both(getitem, before, after, key), tally)
        elif not classes[0].startswith("TDirectory"):
            _object(key, before, after, tally)


def _opened(file: Reader) -> Any:
    return uproot.open(Opened(file), use_threads=False, object_cache=None, array_cache=None)


def _keys(opened: Any) -> dict[str, str]:
    """Return the newest cycle of each key, with its class."""
    found: dict[str, str] = {}
    for key, name in opened.iterclassnames(recursive=True, cycle=False):
        if len(found) > MAX_KEYS:
            raise TooLarge
        found.setdefault(key, name)
    return found


def _object(where: str, before: Any, after: Any, tally: Tally) -> None:
    stored = both(_bytes, before, after, where)
    if stored[0] == stored[1]:
        tally.same()
        return
    one, other = both(_readable, before, after, where)
    if one is None or other is None:
        tally.told(where, "value", "an object that can't be looked into", "another such one")
    elif histograms.is_one(one) and histograms.is_one(other):
        histograms.compare(where, one, other, tally)
    else:
        trees.compare(where, one, other, tally, opened=members)


def _bytes(opened: Any, where: str) -> bytes:
    key = opened.key(where)
    if key.data_uncompressed_bytes > MAX_OBJECT:
        raise TooLarge
    chunk, cursor = key.get_uncompressed_chunk_cursor()
    return bytes(chunk.remainder(cursor.index, cursor, {}))


def _readable(opened: Any, where: str) -> Any:
    """Return an object, or nothing where uproot has no model of its class."""
    thing = opened[where]
    return None if isinstance(thing, uproot.model.UnknownClass) else thing
