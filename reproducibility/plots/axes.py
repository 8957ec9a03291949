"""Axes of a plot: where a value lies in the drawing, and round numbers beside it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from data_mgmt.preview_charts import Tick, word

TICKS = 5
#: The largest power of ten that a float holds, a hair less.
LARGEST_POWER = 308.25
#: Numbers up to this are written out.
WRITTEN_OUT = 1e7


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from `low` to `high`, which lie at `start` and `end` of the drawing.

    On a logarithmic axis `low` and `high` are powers of ten.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def share(self, value: float) -> float:
        """Return where a value lies, from 0 to 1."""
        at = math.log10(value) if self.log else value
        # Halves, since a difference may pass what a float holds.
        whole = self.high / 2 - self.low / 2
        return min(1.0, max(0.0, (at / 2 - self.low / 2) / whole)) if whole > 0 else 0.5

    def place(self, value: float) -> float:
        """Return where a value lies in the units of the drawing."""
        return self.start + (self.end - self.start) * self.share(value)

    def part(self, value: float, parts: int) -> int:
        """Return in which of so many equal parts a value lies, from 0."""
        return min(parts - 1, int(self.share(value) * parts))

    def value(self, share: float) -> float:
        """Return the value at a share of the axis."""
        at = self.low * (1 - share) + self.high * share
        return 10.0 ** min(at, LARGEST_POWER) if self.log else at

    def ticks(self) -> tuple[Tick, ...]:
        """Return round numbers with their places and words."""
        if self.log:
            values = _in_ratios(self.low, self.high)
            named = [word(value) for value in values]
            if len(set(named)) < len(named):
                named = words(values)
        else:
            values = _in_steps(self.low, self.high)
            named = words(values)
        pairs = zip(values, named, strict=True)
        return tuple(Tick(f"{self.place(value):.1f}", name) for value, name in pairs)


def spanning(
    values: Iterable[float], start: float, end: float, *, log: bool = False, margin: float = 0.0
) -> Axis:
    """Return the axis that has room for all values, and a share of its length around them.

    A logarithmic axis takes values above 0 only.
    """
    units = [math.log10(value) for value in values] if log else list(values)
    low, high = min(units), max(units)
    if low == high:
        away = 0.5 if log else abs(low) * 0.1 or 1.0
    else:
        away = margin * (high / 2 - low / 2) * 2
    most = LARGEST_POWER if log else sys.float_info.max
    return Axis(max(-most, low - away), min(most, high + away), start, end, log)


def words(values: Sequence[float]) -> list[str]:
    """Return evenly spaced numbers with as many digits as tell them apart."""
    largest = max(abs(value) for value in values)
    step = min((abs(b - a) for a, b in pairwise(values)), default=largest)
    if not 0 < step < math.inf:
        return [word(value) for value in values]
    power = math.floor(math.log10(step) + 1e-9)
    if largest < WRITTEN_OUT and power >= -4:
        return [f"{value + 0.0:,.{max(0, -power)}f}" for value in values]
    digits = min(15, max(1, math.floor(math.log10(largest)) - power + 1))
    return [f"{value + 0.0:.{digits}g}" for value in values]


def _in_steps(low: float, high: float) -> list[float]:
    """Return multiples of 1, 2 or 5 times a power of ten."""
    span = high - low
    if not sys.float_info.min < span / TICKS < math.inf:
        return [low, high]
    step = 10.0 ** math.floor(math.log10(span / TICKS))
    step = next((step * n for n in (1, 2, 5) if span / (step * n) <= TICKS + 1), step * 10)
    first = math.ceil(low / step)
    places = {(first + n) * step for n in range(TICKS + 3)}
    return sorted(place for place in places if low <= place <= high) or [low, high]


def _in_ratios(low: float, high: float) -> list[float]:
    """Return powers of ten, or where they are few 1, 2 and 5 times them, or even steps."""
    powers = range(math.ceil(low), math.floor(high) + 1)
    if len(powers) > 2:
        return [10.0**power for power in powers[:: math.ceil(len(powers) / (TICKS + 1))]]
    below = range(math.floor(low), math.floor(high) + 1)
    fine = [n * 10.0**power for power in below for n in (1, 2, 5)]
    within = [value for value in fine if value > 0 and low <= math.log10(value) <= high]
    return within if len(within) > 1 else _in_steps(10.0**low, 10.0**high)
