"""A plan of points: one field a parameter, and how they go together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from reproducibility.points import chance
from reproducibility.points.axes import Axis, axis, crossed
from reproducibility.points.cells import Unfit
from reproducibility.points.checking import unknown
from reproducibility.points.limits import MOST_CELLS, MOST_COLUMNS, MOST_ROWS
from reproducibility.points.problems import counted, too_many
from reproducibility.points.spreads import Spread, spread
from reproducibility.points.values import Fault, Faults, Faulty, Points, Value

T = TypeVar("T")
Row = tuple[Value, ...]
#: Draws for each point that is wanted: after so many the values are taken to be too few.
DRAWS = 20
LARGEST_SEED = 2**63 - 1


class Way(StrEnum):
    """How the fields of a plan go together."""

    GRID = "grid"
    LIST = "list"
    RANDOM = "random"
    LATIN = "latin-hypercube"

    @property
    def by_chance(self) -> bool:
        """Whether it needs a number of points and a seed."""
        return self in {Way.RANDOM, Way.LATIN}


@dataclass(frozen=True, slots=True)
class Plan:
    """What points are wanted; empty fields leave their parameters at the defaults.

    `points` and `seed` are for plans by chance.
    """

    way: Way
    fields: Mapping[str, str]
    points: int = 0
    seed: int = 0


def count(plan: Plan, defaults: Mapping[str, Any]) -> int:
    """Return how many points a plan has, without making one.

    Raises
    ------
    Faulty
        A field says nothing that can be made, or there would be too many points.
    """
    return _Made(plan, defaults).count


def make(plan: Plan, defaults: Mapping[str, Any]) -> Points:
    """Return the points of a plan: the same plan gives the same points, everywhere and always.

    Raises
    ------
    Faulty
        As for `count`, or not so many different points are there.
    """
    made = _Made(plan, defaults)
    return Points(made.names, made.rows())


class _Made:
    """A plan whose fields are read."""

    def __init__(self, plan: Plan, defaults: Mapping[str, Any]) -> None:
        fields = {name: text for name, text in plan.fields.items() if text.strip()}
        self._plan, self.names = plan, tuple(fields)
        if not fields:
            raise _fault(_("Give values for at least one parameter."))
        if len(fields) > MOST_COLUMNS:
            words = _("A table has at most %(most)s parameters.")
            raise _fault(words % {"most": MOST_COLUMNS})
        _check_chance(plan)
        self._axes: list[Axis] = []
        self._spreads: list[Spread] = []
        if plan.way.by_chance:
            self._spreads = _read(fields, defaults, spread)
        else:
            self._axes = _read(fields, defaults, crossed if plan.way is Way.GRID else axis)
        self.count = self._counted()
        if self.count > MOST_ROWS:
            raise _fault(too_many(self.count))
        if self.count * len(fields) > MOST_CELLS:
            words = _("The table would have more than %(most)s cells.")
            raise _fault(words % {"most": f"{MOST_CELLS:,}"})

    def rows(self) -> tuple[Row, ...]:
        """Return the rows."""
        match self._plan.way:
            case Way.GRID:
                return _distinct(itertools.product(*map(_values, self._axes)))
            case Way.LIST:
                return _distinct(zip(*map(self._repeated, self._axes), strict=True))
            case Way.LATIN:
                return _distinct(zip(*self._layered(), strict=True))
            case Way.RANDOM:
                return self._drawn()

    def _counted(self) -> int:
        counts = [axis.count for axis in self._axes]
        match self._plan.way:
            case Way.GRID:
                return math.prod(counts)
            case Way.LIST:
                for name, each in zip(self.names, counts, strict=True):
                    if each not in {1, max(counts)}:
                        words = _(
                            "give one value, or %(most)s as the longest field has: not %(n)s."
                        )
                        told = words % {"n": counted(each), "most": counted(max(counts))}
                        raise _fault(told, name)
                return max(counts)
            case _:
                self._check_possible()
                return self._plan.points

    def _check_possible(self) -> None:
        """Refuse more different points than there are."""
        possible: float = 1
        for each in self._spreads:
            possible = min(possible * each.count, MOST_ROWS)
        if self._plan.points > possible:
            words = _("There are only %(n)s different points. Ask for fewer, or make a grid.")
            raise _fault(words % {"n": f"{possible:,}"})

    def _repeated(self, axis: Axis) -> list[Value]:
        return _values(axis) * self.count if axis.count == 1 else _values(axis)

    def _layered(self) -> Iterator[list[Value]]:
        for name, each in zip(self.names, self._spreads, strict=True):
            units = chance.strata(self._plan.seed, name, self.count)
            yield [each.at(unit) for unit in units]

    def _drawn(self) -> tuple[Row, ...]:
        """Return the first different points of the streams."""
        streams = [map(each.at, chance.stream(self._plan.seed, name))
                   for name, each in zip(self.names, self._spreads, strict=True)]  # fmt: skip
        found: dict[Row, None] = {}
        for row in itertools.islice(zip(*streams, strict=True), DRAWS * self.count):
            found[row] = None
            if len(found) == self.count:
                return tuple(found)
        words = _("Only %(n)s different points came up. Ask for fewer, or make a grid.")
        raise _fault(words % {"n": f"{len(found):,}"})


def _read(
    fields: Mapping[str, str], defaults: Mapping[str, Any], read: Callable[[str, Any], T]
) -> list[T]:
    """Return what all fields say; faults are told together."""
    faults = Faults()
    strange = {fault.column: fault for fault in unknown(fields, defaults)}
    for fault in strange.values():
        faults.add(fault)
    found = []
    for name, text in fields.items():
        if name in strange:
            continue
        try:
            found.append(read(text, defaults[name]))
        except Unfit as exc:
            faults.add(Fault(None, name, str(exc)))
    faults.end()
    return found


def _check_chance(plan: Plan) -> None:
    if not plan.way.by_chance:
        return
    if plan.points < 1:
        raise _fault(_("Say how many points there are to be: at least 1."))
    if plan.points > MOST_ROWS:
        raise _fault(too_many(plan.points))
    if not 0 <= plan.seed <= LARGEST_SEED:
        raise _fault(_("The seed is a whole number from 0, of at most 63 bits."))


def _values(axis: Axis) -> list[Value]:
    return [axis.at(index) for index in range(axis.count)]


def _distinct(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the rows; a point that stands there twice would be run twice."""
    found: dict[Row, int] = {}
    for number, row in enumerate(rows, 1):
        first = found.setdefault(row, number)
        if first != number:
            words = _("The points %(first)s and %(second)s would be the same.")
            raise _fault(words % {"first": f"{first:,}", "second": f"{number:,}"})
    return tuple(found)


def _fault(reason: str, column: str = "") -> Faulty:
    return Faulty([Fault(None, column, reason)])
