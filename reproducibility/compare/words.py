"""What a comparison found, as one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from reproducibility.compare.levels import Level
from reproducibility.compare.values import Comparison, Difference, StatisticalTest

_TESTS = {"chi2": "chi-squared", "kolmogorov-smirnov": "Kolmogorov-Smirnov"}
_LEFT_OUT = 3


def detail(level: Level, found: Comparison, *, tests: int, notes: Sequence[str] = ()) -> str:
    """Return level and numbers as a sentence for people."""
    match level:
        case Level.CONTENT_IDENTICAL:
            told = f"All {_values(found.compared)} are equal; only the bytes of the files differ"
        case Level.NUMERICALLY_EQUAL:
            told = f"{_counted(found)}, none beyond the tolerance{_largest(found)}"
        case Level.STATISTICALLY_COMPATIBLE:
            told = f"{_counted(found)}; the distributions are compatible ({_test(found, tests)})"
        case _:
            told = _different(found, tests)
    named = f", in {' and '.join(notes)}" if notes else ""
    return f"{told}{named}{_ignored(found)}."


def _values(number: int) -> str:
    return f"{number:,} value" if number == 1 else f"{number:,} values"


def _counted(found: Comparison) -> str:
    verb = "differs" if found.differing == 1 else "differ"
    return f"{found.differing:,} of {_values(found.compared)} {verb}"


def _largest(found: Comparison) -> str:
    largest = found.largest_absolute
    if largest is None:
        return ""
    told = f"; at most by {largest.absolute:.3g}, in {largest.where}"
    relative = found.largest_relative
    if relative is None:
        return told
    place = "" if relative.where == largest.where else f", in {relative.where}"
    return f"{told} (relative: {relative.relative:.3g}{place})"


def _different(found: Comparison, tests: int) -> str:
    first = found.differences[0] if found.differences else None
    parts = [_counted(found)] if found.differing else []
    if first is not None:
        parts.append(_one(first))
    told = "; ".join(parts) or "The contents differ"
    told += _largest(found) if found.largest_absolute else ""
    failed = any(not test.passed for test in found.tests)
    return (
        f"{told}; the distributions are not compatible ({_test(found, tests)})" if failed else told
    )


def _one(difference: Difference) -> str:
    where = difference.where
    match difference.kind:
        case "absent":
            return f"{where} is not there any more"
        case "new":
            return f"{where} is new"
        case "length":
            return f"the size of {where} is {difference.found} instead of {difference.recorded}"
        case "type":
            return f"{where} is {difference.found} instead of {difference.recorded}"
        case _:
            return f'{where} was "{difference.recorded}", is "{difference.found}"'


def _test(found: Comparison, tests: int) -> str:
    worst: StatisticalTest = found.tests[0]
    several = f", the least of {tests}" if tests > 1 else ""
    return (
        f"{_TESTS[worst.name]} of {worst.where}: p = {worst.p_value:.3g}{several}, "
        f"threshold {worst.threshold:.3g}"
    )


def _ignored(found: Comparison) -> str:
    if not found.ignored:
        return ""
    named = ", ".join(found.ignored[:_LEFT_OUT])
    more = len(found.ignored) - _LEFT_OUT
    return f"; left out: {named}" + (f" and {more} more" if more > 0 else "")
