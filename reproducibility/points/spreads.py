"""What one field of a plan by chance says: `uniform 0:10`, `log 1e-3:1`, or values to choose of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import gettext as _

from reproducibility.points.axes import LOG, different, exact, listed, positive, typed, whole
from reproducibility.points.cells import Unfit
from reproducibility.points.logarithms import between
from reproducibility.points.values import Value

UNIFORM, CHOICE = "uniform ", "choice "


class Spread(Protocol):
    """A distribution, as the inverse of its cumulative function."""

    @property
    def count(self) -> float:
        """How many different values there are; infinite for numbers with a decimal point."""
        ...

    def at(self, unit: float) -> Value:
        """Return the value at a part of the whole, from 0 to below 1."""
        ...


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every number between two is as likely."""

    low: float
    high: float

    @property
    def count(self) -> float:
        """There are more than anybody asks for."""
        return math.inf

    def at(self, unit: float) -> Value:
        """Return the value at a part of the way."""
        return min(self.low + (self.high - self.low) * unit, self.high)


@dataclass(frozen=True, slots=True)
class LogUniform:
    """Every ratio is as likely."""

    low: Decimal
    high: Decimal

    @property
    def count(self) -> float:
        """There are more than anybody asks for."""
        return math.inf

    def at(self, unit: float) -> Value:
        """Return the value at a part of the way."""
        return between(self.low, self.high, unit)


@dataclass(frozen=True, slots=True)
class Whole:
    """Every whole number from one to another, both included, is as likely."""

    low: int
    high: int

    @property
    def count(self) -> float:
        """How many there are."""
        return self.high - self.low + 1

    def at(self, unit: float) -> Value:
        """Return the number in whose equal share of the whole the part lies."""
        return self.low + _share(unit, self.high - self.low + 1)


@dataclass(frozen=True, slots=True)
class Choice:
    """Every one of some values is as likely."""

    values: tuple[Value, ...]

    @property
    def count(self) -> float:
        """How many there are."""
        return len(self.values)

    def at(self, unit: float) -> Value:
        """Return the value in whose equal share of the whole the part lies."""
        return self.values[_share(unit, len(self.values))]


def spread(text: str, default: Any) -> Spread:
    """Return what a field says of a parameter with this default; raises `Unfit`."""
    text = text.strip()
    kind = type(default)
    if kind in {int, float}:
        if text.startswith(LOG):
            return _log(text[len(LOG) :], kind)
        if text.startswith(UNIFORM):
            return _uniform(text[len(UNIFORM) :], kind)
        if ":" in text:
            raise Unfit(_("write it as uniform 0:10, as log 0.001:1, or as a list."))
    typed(text, default)
    values = listed(text.removeprefix(CHOICE), default)
    different(values)
    return Choice(values)


def _share(unit: float, shares: int) -> int:
    """Return into which of so many equal shares a part falls, exactly."""
    numerator, denominator = unit.as_integer_ratio()
    return numerator * shares // denominator


def _uniform(text: str, kind: type) -> Spread:
    low, high = _ends(text, "uniform 0:10")
    if kind is int:
        lowest, highest = whole(low), whole(high)
        if lowest >= highest:
            raise Unfit(_("the smaller number stands first."))
        return Whole(lowest, highest)
    least, most = float(exact(low)), float(exact(high))
    if least >= most:
        raise Unfit(_("the smaller number stands first."))
    if not math.isfinite(most - least):
        raise Unfit(_("these numbers are too far apart."))
    return Uniform(least, most)


def _log(text: str, kind: type) -> Spread:
    if kind is int:
        raise Unfit(_("log is for numbers with a decimal point; list these whole numbers."))
    low, high = map(positive, _ends(text, "log 0.001:1"))
    if low >= high:
        raise Unfit(_("the smaller number stands first."))
    return LogUniform(low, high)


def _ends(text: str, such: str) -> tuple[str, str]:
    low, mark, high = text.partition(":")
    if not mark or ":" in high:
        raise Unfit(_("write it as %(such)s.") % {"such": such})
    return low, high
