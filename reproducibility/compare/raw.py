"""Any file: how many bytes differ, and where the first one is."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from data_mgmt.previews.reading import Reader
from reproducibility.compare import records
from reproducibility.compare.sides import both
from reproducibility.compare.tally import Tally

LATER: tuple[str, ...] = ()
PIECE = 4 << 20


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell how many bytes differ; no tolerance is meant for bytes."""
    shared = min(recorded.size, found.size)
    if recorded.size != found.size:
        tally.told("the file", "length", f"{recorded.size:,} bytes", f"{found.size:,} bytes")
    for begin in range(0, shared, PIECE):
        length = min(PIECE, shared - begin)
        before, after = both(_piece, recorded, found, begin, length)
        places = np.flatnonzero(before != after)
        tally.same(length - len(places))
        tally.unequal("byte", places, partial(_two, before, after), records.places((), begin))


def _piece(file: Reader, begin: int, length: int) -> Any:
    return np.frombuffer(file.read_at(begin, length), np.uint8, length)


def _two(before: Any, after: Any, at: int) -> tuple[str, str]:
    return f"0x{before[at]:02x}", f"0x{after[at]:02x}"
