"""Chance that comes out the same everywhere: one stream of numbers a parameter, from one seed.

A stream is that of `random.Random.random` (Mersenne Twister, 53 bits), which Python promises to
leave as it is for a given seed; nothing else of `random` is used, because nothing else is promised.
Its seed is the SHA-256 of ``<seed>:<name>``: so a parameter's numbers do not change when another
one joins, and more points begin with the same ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256

_BITS = 2**32


def stream(seed: int, name: str) -> Iterator[float]:
    """Yield numbers from 0 to below 1, without end."""
    held = sha256(f"{seed}:{name}".encode()).digest()
    chance = random.Random(int.from_bytes(held, "big"))  # noqa: S311 - it is to be repeated
    while True:
        yield chance.random()


def strata(seed: int, name: str, count: int) -> list[float]:
    """Return one number from each of so many equal parts of 0 to 1, in an order of chance.

    The order comes first from the stream (Fisher and Yates, from the end), then the place within
    each part, at the middle of one of 2**32 steps, so that no rounding leads out of it.
    """
    draws = stream(seed, name)
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        other = int(next(draws) * (last + 1))
        order[last], order[other] = order[other], order[last]
    return [(part + (int(next(draws) * _BITS) + 0.5) / _BITS) / count for part in order]
