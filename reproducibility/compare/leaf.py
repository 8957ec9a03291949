"""One row of numbers of a file, such as a branch or a column, compared part by part."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np

from reproducibility.compare import compatible, figures, nearness
from reproducibility.compare.sample import MOST, Sample
from reproducibility.compare.shown import short, shown
from reproducibility.compare.tolerance import Tolerance, distances, equal
from reproducibility.compare.values import (
    MAX_DIFFERENCES,
    Difference,
    HistogramFigure,
    StatisticalTest,
)

Label = Callable[[int], str]
_ORDER = count()


@dataclass(slots=True)
class Counts:
    """Values: all, those that differ, and those that differ by more than the tolerance."""

    compared: int = 0
    differing: int = 0
    beyond: int = 0

    def add(self, other: Counts) -> None:
        """Add those of another place."""
        self.compared += other.compared
        self.differing += other.differing
        self.beyond += other.beyond


class Ranked:
    """The largest of many differences, by their relative distance."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Difference]] = []
        self.absolute: Difference | None = None
        self.relative: Difference | None = None

    def add(self, difference: Difference) -> None:
        """Take one in, and let the smallest go."""
        rank = math.inf if difference.relative is None else difference.relative
        heapq.heappush(self._heap, (rank, -next(_ORDER), difference))
        if len(self._heap) > MAX_DIFFERENCES:
            heapq.heappop(self._heap)
        self._measure(difference)

    def take(self, other: Ranked) -> None:
        """Take in all that another one holds; its largest need not be among those it lists."""
        for difference in other.listed():
            self.add(difference)
        for largest in (other.absolute, other.relative):
            if largest:
                self._measure(largest)

    def _measure(self, difference: Difference) -> None:
        self.absolute = _larger(self.absolute, difference, "absolute")
        self.relative = _larger(self.relative, difference, "relative")

    def listed(self) -> list[Difference]:
        """Return them, the largest first."""
        return [entry[2] for entry in sorted(self._heap, key=lambda each: (-each[0], -each[1]))]


def _larger(held: Difference | None, new: Difference, name: str) -> Difference | None:
    size, other = getattr(new, name), getattr(held, name) if held else None
    return new if size is not None and (other is None or size > other) else held


class Leaf:
    """One row of numbers; `label` of a part's places makes the names of its values."""

    def __init__(self, where: str, tolerance: Tolerance, kept: int = MOST) -> None:
        self.where, self._tolerance = where, tolerance
        self.counts, self.lengths, self.ranked = Counts(), [0, 0], Ranked()
        self._samples = Sample(kept), Sample(kept)

    @property
    def uneven(self) -> bool:
        """Whether one has more values than the other."""
        return self.lengths[0] != self.lengths[1]

    def add(self, recorded: Any, found: Any, label: Label | None = None) -> None:
        """Compare the next parts; where one is longer, its rest belongs to no pair."""
        begin = min(self.lengths)
        shared = min(len(recorded), len(found))
        for sample, row in zip(self._samples, (recorded, found), strict=True):
            sample.add(row)
        self.lengths[0] += len(recorded)
        self.lengths[1] += len(found)
        named = label or (lambda at: f"[{begin + at}]")
        self._pairs(*nearness.alike(recorded[:shared], found[:shared]), named)

    def _pairs(self, recorded: Any, found: Any, label: Label) -> None:
        self.counts.compared += len(recorded)
        places = np.flatnonzero(nearness.differs(recorded, found))
        if not len(places):
            return
        before, after = recorded[places], found[places]
        absolute, relative = nearness.distances(before, after)
        self.counts.differing += len(places)
        self.counts.beyond += int(nearness.beyond(absolute, relative, self._tolerance).sum())
        for at in _largest(absolute, relative):
            self.ranked.add(
                Difference(
                    short(f"{self.where}{label(int(places[at]))}"), "value",
                    shown(before[at]), shown(after[at]),
                    _finite(absolute[at]), _finite(relative[at]),
                )
            )  # fmt: skip

    def test(self) -> StatisticalTest | None:
        """Return the test of both distributions, where it is wanted; its threshold comes later."""
        if not self._tolerance.statistical or not (self.counts.beyond or self.uneven):
            return None
        recorded, found = (sample.values for sample in self._samples)
        distance, chance = compatible.kolmogorov_smirnov(recorded, found)
        sizes = len(recorded), len(found)
        return StatisticalTest(self.where, "kolmogorov-smirnov", distance, chance, 0.0, 0, sizes)

    def figure(self) -> HistogramFigure | None:
        """Return both rows as histograms, where they differ and are long enough."""
        if not self.counts.differing and not self.uneven:
            return None
        made = figures.histogram(self.where, *(sample.values for sample in self._samples))
        sampled = not all(sample.whole for sample in self._samples)
        return replace(made, sampled=sampled) if made else None


def apart(where: str, recorded: float, found: float) -> Difference | None:
    """Return how two numbers differ, or nothing where they are equal or both no number."""
    if equal(recorded, found):
        return None
    absolute, relative = distances(recorded, found)
    return Difference(
        short(where), "value", shown(recorded), shown(found), _finite(absolute), _finite(relative)
    )


def _largest(absolute: Any, relative: Any) -> list[int]:
    """Return which differences of a part are worth telling, the largest first."""
    most = min(MAX_DIFFERENCES, len(relative))
    chosen = np.argsort(-relative.astype(np.float64), kind="stable")[:most].tolist()
    finite = np.where(np.isfinite(absolute), absolute, -1)
    return list(dict.fromkeys([*chosen, int(np.argmax(finite))]))


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
