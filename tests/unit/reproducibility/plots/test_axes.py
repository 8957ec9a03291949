"""Axes: round numbers that can be told apart, whatever the range."""

from __future__ import annotations

import math
import sys
from itertools import pairwise

import pytest

from reproducibility.plots.axes import Axis, spanning


def said(values: list[float], *, log: bool = False) -> list[str]:
    """Return the words along the axis of some values."""
    return [tick.word for tick in spanning(values, 0, 100, log=log).ticks()]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0, 10], ["0", "2", "4", "6", "8", "10"]),
        ([-1, 1], ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        ([0, 1], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([91.187, 91.188], ["91.1870", "91.1872", "91.1874", "91.1876", "91.1878", "91.1880"]),
        ([0, 3_000_000], ["0", "500,000", "1,000,000", "1,500,000", "2,000,000", "2,500,000",
                          "3,000,000"]),
        ([0, 4e-7], ["0", "1e-07", "2e-07", "3e-07", "4e-07"]),
        ([5], ["4.6", "4.8", "5.0", "5.2", "5.4"]),
    ],
)  # fmt: skip
def test_even_axes_have_round_numbers(values: list[float], words: list[str]) -> None:
    assert said(values) == words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1e-3, 1], ["0.001", "0.01", "0.1", "1"]),
        ([1, 50], ["1", "2", "5", "10", "20", "50"]),
        ([1e-12, 1e12], ["1e-12", "1e-07", "0.01", "1,000", "1e+08"]),
        ([3, 4], ["3", "3.2", "3.4", "3.6", "3.8", "4"]),
    ],
)
def test_logarithmic_axes_have_powers_of_ten(values: list[float], words: list[str]) -> None:
    assert said(values, log=True) == words


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        [5e-324, sys.float_info.max],
        [5e-324, 1e-323],
        [5e-324],
        [sys.float_info.max],
        [1e16, 1e16 + 2],
        [1.0, math.nextafter(1.0, 2)],
        [1e-310, 1.0],
        [2.0**63],
    ],
)
def test_any_range_has_finite_ticks_within_the_axis(values: list[float], log: bool) -> None:
    axis = spanning(values, 10, 90, log=log, margin=0.04)

    ticks = axis.ticks()

    assert 1 <= len(ticks) <= 12
    assert all(10 <= float(tick.at) <= 90 for tick in ticks)
    assert all(10 <= axis.place(value) <= 90 for value in values)
    assert all(0 <= axis.part(value, 7) < 7 for value in values)
    assert all(math.isfinite(axis.value(share)) for share in (0, 0.5, 1))


def test_negative_extremes_do_not_overflow() -> None:
    axis = spanning([-sys.float_info.max, sys.float_info.max], 0, 100, margin=0.04)

    assert axis.place(0.0) == 50
    assert len(axis.ticks()) == 2


@pytest.mark.parametrize("log", [False, True])
def test_a_share_leads_back_to_its_value(log: bool) -> None:
    axis = spanning([0.5, 2000.0], 0, 1, log=log)

    for value in (0.5, 3.25, 700.0, 2000.0):
        assert axis.value(axis.share(value)) == pytest.approx(value)


def test_parts_are_told_apart_and_hold_both_ends() -> None:
    axis = Axis(0.0, 10.0, 0, 1)

    parts = [axis.part(value, 5) for value in (0, 1.9, 2, 5, 9.99, 10)]

    assert parts == [0, 0, 1, 2, 4, 4]
    assert all(one <= other for one, other in pairwise(parts))
