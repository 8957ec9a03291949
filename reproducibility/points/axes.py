"""What one field of a grid or a list says: `1, 2, 5`, `10:100:10` or `log 1e-3:1:7`."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from django.utils.translation import gettext as _

from reproducibility.points.cells import NUMBER, WHOLE, Unfit, converter
from reproducibility.points.logarithms import between
from reproducibility.points.values import Value

MOST_FIELD = 20_000
#: Characters of one number, and the powers of ten that it may have.
MOST_NUMBER, MOST_POWER = 60, 400
LOG = "log "


class Axis(Protocol):
    """The values of one parameter, made one by one; their number is known before."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    def at(self, index: int) -> Value:
        """Return one of them; the first is 0."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """Values as they were written."""

    values: tuple[Value, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.values)

    def at(self, index: int) -> Value:
        """Return one of them."""
        return self.values[index]


@dataclass(frozen=True, slots=True)
class Steps:
    """Equal steps: ``start + index * step``, exact in decimal, then the nearest float.

    So ``0:1:0.1`` has eleven values, and the fourth is 0.3.
    """

    start: Fraction
    step: Fraction
    count: int
    whole: bool

    def at(self, index: int) -> Value:
        """Return one of them."""
        value = self.start + index * self.step
        return int(value) if self.whole else float(value)


@dataclass(frozen=True, slots=True)
class Powers:
    """Equal ratios from one positive number to another, both included."""

    start: Decimal
    stop: Decimal
    count: int

    def at(self, index: int) -> Value:
        """Return one of them, correctly rounded: on every machine the same."""
        return between(self.start, self.stop, Fraction(index, self.count - 1))


def axis(text: str, default: Any) -> Axis:
    """Return what a field says of a parameter with this default; raises `Unfit`."""
    text = text.strip()
    if len(text) > MOST_FIELD:
        raise Unfit(_("write at most %(n)s characters.") % {"n": f"{MOST_FIELD:,}"})
    kind = type(default)
    if kind in {int, float}:
        if text.startswith(LOG):
            return _powers(_parts(text[len(LOG) :], 3, "log 0.001:1:7"), kind)
        if ":" in text:
            return _steps(_parts(text, 3, "10:100:10"), whole=kind is int)
    typed(text, default)
    return Listed(listed(text, default))


def typed(text: str, default: Any) -> None:
    """Refuse what would be a range, had the parameter a type: it would be taken for one text."""
    if default is None and ":" in text:
        raise Unfit(_("list the values: a parameter without a default has no ranges."))


def crossed(text: str, default: Any) -> Axis:
    """Return an axis of a grid, where no value stands twice."""
    made = axis(text, default)
    if isinstance(made, Listed):
        different(made.values)
    return made


def listed(text: str, default: Any) -> tuple[Value, ...]:
    """Return the values of a list with commas; texts with commas stand in quotes."""
    try:
        cells = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error as exc:
        raise Unfit(_("close each quote, and let a comma follow it.")) from exc
    convert = converter(default)
    if convert is None:
        raise Unfit(_("no table can set this parameter."))
    return tuple(_one(convert, cell.strip()) for cell in cells)


def different(values: Sequence[Value]) -> None:
    """Refuse a list in which a value stands twice."""
    if len(set(values)) < len(values):
        value = next(value for value, times in Counter(values).items() if times > 1)
        raise Unfit(_("%(value)s stands there twice.") % {"value": value})


def _one(convert: Any, cell: str) -> Value:
    if not cell:
        raise Unfit(_("there is no value before or after a comma."))
    try:
        value: Value = convert(cell)
    except Unfit as exc:
        shown = cell if len(cell) <= 40 else f"{cell[:39]}…"
        raise Unfit(_("“%(cell)s”: %(reason)s") % {"cell": shown, "reason": exc}) from exc
    return value


def exact(text: str) -> Fraction:
    """Return a number as it is written, to the last digit; a float can hold it, nearly."""
    text = text.strip()
    if len(text) > MOST_NUMBER or not NUMBER.fullmatch(text):
        raise Unfit(_("“%(cell)s” is no number.") % {"cell": text[:40]})
    power = text.lower().partition("e")[2]
    if power and abs(int(power)) > MOST_POWER:
        raise Unfit(_("“%(cell)s” is too large or too small.") % {"cell": text})
    value = Fraction(text)
    if abs(value) > sys.float_info.max or (value and not float(value)):
        raise Unfit(_("“%(cell)s” is too large or too small.") % {"cell": text})
    return value


def whole(text: str) -> int:
    """Return a whole number of at most 64 bits."""
    return int(_one(converter(0), text.strip()))


def _parts(text: str, wanted: int, such: str) -> Sequence[str]:
    parts = text.split(":")
    if len(parts) != wanted:
        raise Unfit(_("write it as %(such)s.") % {"such": such})
    return parts


def _steps(parts: Sequence[str], *, whole: bool) -> Steps:
    if whole and not all(WHOLE.fullmatch(part.strip()) for part in parts):
        raise Unfit(_("give whole numbers."))
    start, stop, step = map(exact, parts)
    if not step:
        raise Unfit(_("the step, which stands last, must not be 0."))
    if (stop - start) / step < 0:
        raise Unfit(_("with this step one does not get from the first number to the second."))
    return Steps(start, step, int((stop - start) // step) + 1, whole)


def _powers(parts: Sequence[str], kind: type) -> Powers:
    if kind is int:
        raise Unfit(_("log is for numbers with a decimal point; list these whole numbers."))
    start, stop = positive(parts[0]), positive(parts[1])
    count = whole(parts[2])
    if count < 2 or start == stop:
        raise Unfit(_("log needs two different numbers and at least 2 values."))
    return Powers(start, stop, count)


def positive(text: str) -> Decimal:
    """Return a number above 0."""
    if exact(text) <= 0:
        raise Unfit(_("log needs numbers above 0."))
    return Decimal(text.strip())
