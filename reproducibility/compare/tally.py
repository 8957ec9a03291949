"""What the modules of the formats tell their findings to, and what comes of all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reproducibility.compare import compatible, figures, leaf, nearness, words
from reproducibility.compare.leaf import Counts, Label, Leaf, Ranked
from reproducibility.compare.levels import Level
from reproducibility.compare.sample import MOST
from reproducibility.compare.shown import short, shown
from reproducibility.compare.tolerance import EXACT, Tolerance
from reproducibility.compare.values import (
    MAX_DIFFERENCES,
    MAX_FIGURES,
    MAX_TESTS,
    Comparison,
    Difference,
    Figure,
    Kind,
    StatisticalTest,
)

#: Values that are kept of a row for its test and figure, however many rows there are.
LEAST_KEPT = 1000
MAX_NOTES = 2


class Tally:
    """The findings of one comparison, counted as they come."""

    def __init__(self, format_: str, tolerance: Tolerance) -> None:
        self.tolerance = tolerance
        self.format = format_
        self._counts, self._ranked = Counts(), Ranked()
        self._hard: list[Difference] = []
        self._hard_count = 0
        self._leaves: dict[str, Leaf] = {}
        self._tests: list[StatisticalTest] = []
        self._figures: list[Figure] = []
        self._ignored: dict[str, None] = {}
        self._notes: list[str] = []

    def ignores(self, where: str) -> bool:
        """Tell whether a place is left out, and remember that it was."""
        out = self.tolerance.ignores(where)
        if out and len(self._ignored) < MAX_DIFFERENCES:
            self._ignored[short(where)] = None
        return out

    def numbers(
        self, where: str, recorded: Any, found: Any, label: Label | None = None,
        *, exact: bool = False, tested: bool = True,
    ) -> None:  # fmt: skip
        """Compare the next parts of two rows of numbers; `settle` ends them.

        `exact` is for what no tolerance of numbers is meant for, such as lengths of lists. What is
        not `tested` means something by its places, such as the pixels of a picture: that its
        values are distributed alike says nothing.
        """
        if self._other_type(where, recorded, found):
            return
        if where not in self._leaves:
            meant = EXACT if exact else self.tolerance
            meant = replace(meant, statistical=self.tolerance.statistical and tested)
            # The more rows are open at once, the less is kept of each.
            kept = max(LEAST_KEPT, MOST // (1 + len(self._leaves)))
            self._leaves[where] = Leaf(where, meant, kept)
        self._leaves[where].add(recorded, found, label)

    def _other_type(self, where: str, recorded: Any, found: Any) -> bool:
        before, after = (row.dtype.newbyteorder("=") for row in (recorded, found))
        if before == after or not len(recorded) or not len(found):
            return False
        numbers = {before.kind, after.kind} <= set(nearness.NUMBERS)
        if numbers and self.tolerance.numeric:
            return False
        self.told(where, "type", before, after)
        return True

    def number(self, where: str, recorded: float, found: float) -> None:
        """Compare two numbers on their own."""
        self._counts.compared += 1
        difference = leaf.apart(where, recorded, found)
        if difference is None:
            return
        self._counts.differing += 1
        self._ranked.add(difference)
        if not self.tolerance.near(recorded, found):
            self._counts.beyond += 1
            self._hard_count += 1

    def items(
        self, where: str, recorded: Sequence[object], found: Sequence[object],
        label: Callable[[int], str] = "[{}]".format,
    ) -> None:  # fmt: skip
        """Compare two rows of what are no numbers, one by one."""
        if len(recorded) != len(found):
            self.told(where, "length", len(recorded), len(found))
        pairs = enumerate(zip(recorded, found, strict=False))
        places = [at for at, (one, other) in pairs if not _same(one, other)]
        self.same(min(len(recorded), len(found)) - len(places))
        self.unequal(where, places, lambda at: (recorded[at], found[at]), label)

    def unequal(
        self, where: str, places: Sequence[int], pair: Callable[[int], tuple[object, object]],
        label: Label,
    ) -> None:  # fmt: skip
        """Take in the places of two rows of what are no numbers that differ."""
        for at in places[:MAX_DIFFERENCES]:
            self.told(f"{where}{label(int(at))}", "value", *pair(int(at)))
        more = max(0, len(places) - MAX_DIFFERENCES)
        self._counts.add(Counts(more, more, more))
        self._hard_count += more

    def same(self, number: int = 1) -> None:
        """Count values that are equal."""
        self._counts.compared += number

    def told(self, where: str, kind: Kind, recorded: object = "", found: object = "") -> None:
        """Take in a difference that no tolerance is meant for."""
        self._hard_count += 1
        if kind == "value":
            self._counts.add(Counts(1, 1, 1))
        if len(self._hard) >= MAX_DIFFERENCES:
            return
        difference = Difference(short(where), kind, shown(recorded), shown(found))
        # Each part of a column tells that its type is another one.
        if difference not in self._hard:
            self._hard.append(difference)

    def keys(
        self, where: Callable[[str], str], recorded: Sequence[str], found: Sequence[str]
    ) -> list[str]:
        """Return the names that both have, and tell those that only one has."""
        own, others = set(recorded), set(found)
        shared = []
        for name in dict.fromkeys((*recorded, *found)):
            if self.ignores(where(name)):
                continue
            if name in own and name in others:
                shared.append(name)
            else:
                self.told(where(name), "absent" if name in own else "new")
        return shared

    def histogram(self, where: str, edges: Any, recorded: Any, found: Any, variances: Any) -> None:
        """Compare the bins of two histograms with equal edges; `variances` are of both together.

        Rows of bins are flat; only those of one dimension, without the outer bins, are drawn.
        """
        bins = Leaf(where, self.tolerance)
        bins.add(recorded, found, lambda at: f"[bin {at}]")
        test = None
        if bins.counts.beyond and self.tolerance.statistical:
            statistic, degrees, chance = compatible.chi_squared(recorded, found, variances)
            finite = min(statistic, 1e300)
            test = StatisticalTest(where, "chi2", finite, chance, 0.0, degrees)
        drawn = bins.counts.differing and len(edges) == len(recorded) - 1
        figure = figures.binned(where, edges, recorded[1:-1], found[1:-1]) if drawn else None
        self._take(bins, test, figure)

    def note(self, text: str) -> None:
        """Say in other words how much differs."""
        self._notes = [*self._notes, text][:MAX_NOTES]

    def draw(self, figure: Figure | None) -> None:
        """Keep a figure, as long as there are not too many."""
        if figure and len(self._figures) < MAX_FIGURES:
            self._figures.append(figure)

    def settle(self, *wheres: str, drawn: bool = True) -> None:
        """End rows of numbers: these, or all that were begun."""
        for where in wheres or tuple(self._leaves):
            row = self._leaves.pop(where, None)
            if row is not None:
                wanted = drawn and len(self._figures) < MAX_FIGURES
                self._take(row, row.test(), row.figure() if wanted else None)

    def _take(self, row: Leaf, test: StatisticalTest | None, figure: Figure | None) -> None:
        self._counts.add(row.counts)
        self._ranked.take(row.ranked)
        if test:
            self._tests.append(replace(test, where=short(test.where)))
        elif row.uneven:
            self.told(row.where, "length", *row.lengths)
        self.draw(figure)
        if row.counts.beyond and not test:
            self._hard_count += row.counts.beyond

    def outcome(self) -> tuple[Level, str, Comparison]:
        """Return the level, a sentence and the numbers of all that was found."""
        self.settle()
        bound = compatible.threshold(len(self._tests))
        tests = [replace(test, threshold=bound) for test in self._tests]
        tests.sort(key=lambda test: test.p_value)
        differences = (*self._hard, *self._ranked.listed())[:MAX_DIFFERENCES]
        found = Comparison(
            format=self.format,
            compared=self._counts.compared,
            differing=self._counts.differing,
            beyond=self._counts.beyond,
            largest_absolute=self._ranked.absolute,
            largest_relative=self._ranked.relative,
            differences=differences,
            tests=tuple(tests[:MAX_TESTS]),
            figures=tuple(self._figures),
            ignored=tuple(self._ignored),
        )
        level = self._level(tests)
        return level, words.detail(level, found, tests=len(tests), notes=self._notes), found

    def _level(self, tests: list[StatisticalTest]) -> Level:
        if self._hard_count or any(not test.passed for test in tests):
            return Level.DIFFERENT
        if tests:
            return Level.STATISTICALLY_COMPATIBLE
        return Level.NUMERICALLY_EQUAL if self._counts.differing else Level.CONTENT_IDENTICAL


def _same(recorded: object, found: object) -> bool:
    equal = type(recorded) is type(found) and recorded == found
    # Arrays in a row of objects tell it value by value.
    return bool(np.all(equal)) or (recorded != recorded and found != found)  # noqa: PLR0124 - NaN
