"""A tolerance: symmetric, reflexive, and never wider than it says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.compare import Tolerance

numbers = st.floats() | st.integers(-(2**70), 2**70)
small = st.floats(0, 10)


@given(numbers, small, small)
def test_each_number_is_near_itself(number: float, rtol: float, atol: float) -> None:
    assert Tolerance(rtol, atol).near(number, number)


@given(numbers, numbers, small, small)
def test_being_near_does_not_depend_on_which_is_recorded(
    one: float, other: float, rtol: float, atol: float
) -> None:
    tolerance = Tolerance(rtol, atol)

    assert tolerance.near(one, other) == tolerance.near(other, one)


@given(numbers, numbers)
def test_without_a_tolerance_only_equal_numbers_are_near(one: float, other: float) -> None:
    both_none = all(isinstance(each, float) and math.isnan(each) for each in (one, other))

    assert Tolerance().near(one, other) == (one == other or both_none)


@given(numbers, numbers, small, small)
def test_a_wider_tolerance_takes_all_that_a_narrow_one_takes(
    one: float, other: float, rtol: float, more: float
) -> None:
    if Tolerance(rtol).near(one, other):
        assert Tolerance(rtol + more, more).near(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [(math.inf, -math.inf), (math.inf, 1e308), (math.nan, 0.0), (0.0, math.nan)]
)
def test_what_is_no_finite_number_is_near_nothing_else(one: float, other: float) -> None:
    assert not Tolerance(1e9, 1e300).near(one, other)


def test_both_zeros_are_equal() -> None:
    assert Tolerance().near(-0.0, 0.0)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("events/mass", "events/mass"),
        ("events", "events/mass"),
        ("fit", "fit.mass[3]"),
        ("fit.list", "fit.list[0].a"),
        ("run/mass", "/run/mass"),
        ("/run", "/run@rate"),
        ("*.time", "steps[4].time"),
        ("steps[*].time", "steps[4].time"),
    ],
)
def test_a_name_leaves_out_what_is_in_it(name: str, where: str) -> None:
    assert Tolerance(ignore=("other", name)).ignores(where)


@pytest.mark.parametrize(
    ("name", "where"),
    [("fit", "fitted"), ("mass", "events/mass"), ("a.b", "axb"), ("steps[4]", "steps4"), ("a", "")],
)
def test_a_name_leaves_out_nothing_else(name: str, where: str) -> None:
    assert not Tolerance(ignore=(name,)).ignores(where)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rtol": -1e-9}, {"atol": math.nan}, {"rtol": math.inf}, {"ignore": ("",)},
        {"ignore": ("x" * 201,)}, {"ignore": ("x",) * 101},
    ],
)  # fmt: skip
def test_what_is_no_tolerance_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        Tolerance(**wrong)  # type: ignore[arg-type]  # that is what is tried


@given(small, small, st.booleans(), st.lists(st.text("ab/*", min_size=1, max_size=9), max_size=5))
def test_a_tolerance_comes_back_from_json(
    rtol: float, atol: float, statistical: bool, ignore: list[str]
) -> None:
    tolerance = Tolerance(rtol, atol, statistical, tuple(ignore))

    assert Tolerance.from_json(tolerance.as_json()) == tolerance
