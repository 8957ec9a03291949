"""Arrays of any shape in blocks of bounded size."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from reproducibility.compare.leaf import Label

Block = tuple[slice, ...]
#: Bytes of an array that are in memory at once, of each file.
PIECE = 4 << 20


def of(shape: tuple[int, ...], itemsize: int) -> Iterator[Block]:
    """Return slices that cover an array in its order, each of bounded size."""
    if not shape or 0 in shape:
        return iter([()] if not shape else [])
    left = max(1, PIECE // max(1, itemsize))
    steps = []
    for length in reversed(shape):
        steps.append(max(1, min(length, left)))
        left = left // length if steps[-1] == length else 0
    axes = [
        [slice(begin, min(begin + step, length)) for begin in range(0, length, step)]
        for length, step in zip(shape, reversed(steps), strict=True)
    ]
    return itertools.product(*axes)


def places(shape: tuple[int, ...], block: Block) -> Label:
    """Return the names of the values of a block, of which `shape` is read."""
    if not block:
        return lambda _at: ""

    def label(at: int) -> str:
        inside = np.unravel_index(at, shape)
        each = (part.start + int(place) for part, place in zip(block, inside, strict=True))
        return f"[{', '.join(map(str, each))}]"

    return label
