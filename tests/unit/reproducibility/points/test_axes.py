"""What a field of a grid says, value by value, and what it gets wrong."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.points.axes import axis
from reproducibility.points.cells import Unfit
from reproducibility.points.logarithms import between
from reproducibility.points.values import Value
from tests.unit.reproducibility.points.making import unhurried


def values(text: str, default: object) -> list[Value]:
    found = axis(text, default)
    return [found.at(index) for index in range(found.count)]


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("1, 2, 5", 0, [1, 2, 5]),
        ("1, 2.5,-3e2", 0.0, [1.0, 2.5, -300.0]),
        ("7", 0, [7]),
        ("true, FALSE", False, [True, False]),
        ('a , "b, c",d:e', "", ["a", "b, c", "d:e"]),
        ("log, log 1:2:3", "", ["log", "log 1:2:3"]),
        ("10:100:30", 0, [10, 40, 70, 100]),
        ("10:95:30", 0, [10, 40, 70]),
        ("3:0:-1", 0, [3, 2, 1, 0]),
        ("5:5:1", 0, [5]),
        (" 1 : 2 : 0.5 ", 0.0, [1.0, 1.5, 2.0]),
        ("0:0.9:0.3", 0.0, [0.0, 0.3, 0.6, 0.9]),
        ("1e3:3e3:1e3", 0.0, [1000.0, 2000.0, 3000.0]),
        ("log 1e-3:1:4", 0.0, [0.001, 0.01, 0.1, 1.0]),
        ("log 100:1:3", 0.0, [100.0, 10.0, 1.0]),
    ],
)  # fmt: skip
def test_a_field_gives_its_values(text: str, default: object, expected: list[Value]) -> None:
    found = values(text, default)

    assert found == expected
    assert [type(value) for value in found] == [type(default)] * len(expected)


@pytest.mark.parametrize(
    ("text", "default", "says"),
    [
        ("1, x", 0, "“x”: give a whole number"),
        ("1,,2", 0, "before or after a comma"),
        ("1, 2,", 0, "before or after a comma"),
        ("1, nan", 0.0, "finite"),
        ('"a', "", "close each quote"),
        ('"a\nb"x', "", "close each quote"),
        ("maybe", True, "true or false"),
        ("1:2", 0, "write it as 10:100:10"),
        ("1:2:3:4", 0.0, "write it as 10:100:10"),
        ("1:10:0", 0, "must not be 0"),
        ("1:10:-1", 0, "from the first number to the second"),
        ("10:1:1", 0.0, "from the first number to the second"),
        ("1:10:0.5", 0, "whole numbers"),
        ("a:b:c", 0.0, "is no number"),
        ("0:1:nan", 0.0, "is no number"),
        ("0:1e999:1", 0.0, "too large or too small"),
        ("0:1:1e-99999", 0.0, "too large or too small"),
        ("0:1e309:1", 0.0, "too large or too small"),
        (f"0:1:0.{'0' * 100}1", 0.0, "is no number"),
        ("log 0:1:3", 0.0, "above 0"),
        ("log -1:1:3", 0.0, "above 0"),
        ("log 1:10:1", 0.0, "at least 2"),
        ("log 1:1:5", 0.0, "two different numbers"),
        ("log 1:10:x", 0.0, "give a whole number"),
        ("log 1:10", 0.0, "write it as log 0.001:1:7"),
        ("log 1:10:3", 0, "list these whole numbers"),
        ("1:10:1", None, "a parameter without a default has no ranges"),
        ("1," * 20_000, 0, "at most 20,000 characters"),
    ],
)
def test_a_field_that_says_nothing_is_told(text: str, default: object, says: str) -> None:
    with pytest.raises(Unfit, match=says):
        axis(text, default)


@pytest.mark.parametrize(
    ("text", "count"),
    [("0:1e300:1e-300", 10**600 + 1), ("log 1:2:1000000000", 10**9), ("1:1000000000:1", 10**9)],
)
def test_values_are_counted_without_being_made(text: str, count: int) -> None:
    assert axis(text, 0.0).count == count


decimals = st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=3)


@unhurried
@given(start=decimals, step=decimals.filter(bool), last=st.integers(0, 200))
def test_steps_are_the_floats_nearest_to_the_decimal_numbers(
    start: Decimal, step: Decimal, last: int
) -> None:
    stop = start + last * step

    found = values(f"{start}:{stop}:{step}", 0.0)

    assert found == [float(start + index * step) for index in range(last + 1)]


positive = st.floats(1e-300, 1e300)


@unhurried
@given(positive, positive, st.integers(2, 30))
def test_equal_ratios_begin_and_end_where_they_should(
    start: float, stop: float, count: int
) -> None:
    first, last = Decimal(repr(start)), Decimal(repr(stop))

    found = [between(first, last, Fraction(index, count - 1)) for index in range(count)]

    assert (found[0], found[-1]) == (start, stop)
    for index, value in enumerate(found):
        share = index / (count - 1)
        expected = math.log(start) * (1 - share) + math.log(stop) * share
        assert math.log(value) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found == sorted(found, reverse=stop < start)


def test_equal_ratios_are_the_same_to_the_last_digit_everywhere() -> None:
    assert values("log 0.001:1:5", 0.0) == [
        0.001, 0.005623413251903491, 0.03162277660168379, 0.1778279410038923, 1.0,
    ]  # fmt: skip
