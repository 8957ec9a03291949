"""Rows of numbers: counted, ranked and tested as single numbers are."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproducibility.compare import Level, Tolerance
from tests.unit.reproducibility.compare.conftest import Ask

numbers = st.floats(width=64) | st.sampled_from([0.0, -0.0, 1.0, 1.0 + 1e-9, math.nan, math.inf])
rows = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30)
#: Doubles and long doubles may fall to different sides of a tolerance's very edge: no simple
#: numbers are that far apart.
tolerances = st.builds(Tolerance, st.sampled_from([0.0, 3.1415927e-10, 2.7182818e-8, 0.31415927]),
                       st.sampled_from([0.0, 3.1415927e-10, 0.71828183]))  # fmt: skip


def tallied(ask: Ask, pairs: list[tuple[Any, Any]], tolerance: Tolerance, **more: Any) -> Any:
    one, other = [list(each) for each in zip(*pairs, strict=True)]
    return ask("tally", one, other, tolerance=tolerance.as_json(), **more)


@settings(deadline=None, max_examples=150)
@given(rows, tolerances, st.integers(1, 9))
def test_rows_are_judged_as_their_numbers_are(
    ask: Ask, pairs: list[tuple[float, float]], tolerance: Tolerance, part: int
) -> None:
    told = tallied(ask, pairs, tolerance, part=part)

    unequal = [pair for pair in pairs if not Tolerance().near(*pair)]
    beyond = [pair for pair in unequal if not tolerance.near(*pair)]
    counted = (told["compared"], told["differing"], told["beyond"])
    assert counted == (len(pairs), len(unequal), len(beyond))
    wanted = Level.DIFFERENT if beyond else Level.NUMERICALLY_EQUAL
    assert told["level"] == (wanted if unequal else Level.CONTENT_IDENTICAL)


@settings(deadline=None, max_examples=50)
@given(rows)
def test_the_largest_difference_is_the_largest(ask: Ask, pairs: list[tuple[float, float]]) -> None:
    told = tallied(ask, pairs, Tolerance())

    sizes = [
        abs(one - other) for one, other in pairs if math.isfinite(one) and math.isfinite(other)
    ]
    finite = [size for size in sizes if 0 < size < math.inf]
    largest = told["largest_absolute"]
    if finite:
        assert largest["absolute"] == pytest.approx(max(finite))
    assert len(told["differences"]) <= 20


def test_the_largest_difference_is_told_where_many_others_are_relatively_larger(ask: Ask) -> None:
    told = tallied(ask, [(1.0, 2.0)] * 40 + [(1e6, 1e6 + 5)], Tolerance())

    assert (told["largest_absolute"]["where"], told["largest_absolute"]["absolute"]) == ("x[40]", 5)
    assert told["largest_relative"]["relative"] == 0.5
    assert "x[40]" not in str(told["differences"])


@pytest.mark.parametrize("kind", ["i8", "u8"])
def test_whole_numbers_are_equal_to_the_last_digit(ask: Ask, kind: str) -> None:
    told = tallied(ask, [(2**62 + 1, 2**62)], Tolerance(), type=kind)

    assert told["level"] == "different"
    assert told["largest_absolute"]["absolute"] == 1.0
    assert told["differences"][0]["recorded"] == "4611686018427387905"


def test_whole_numbers_may_differ_where_it_is_declared(ask: Ask) -> None:
    told = tallied(ask, [(100, 101)], Tolerance(rtol=0.02), type="i8")

    assert told["level"] == "numerically-equal"


def test_another_type_is_told_once_however_many_parts_there_are(ask: Ask) -> None:
    told = ask("nested", [1, 2, 3, 4], [1, 2, 3, 4], kind="numbers", sizes=[1, 1], other="small")

    assert told["level"] == "different"
    assert told["places"] == ["x"]


def test_rows_of_other_lengths_are_different(ask: Ask) -> None:
    told = ask("tally", [1.0, 2.0], [1.0], tolerance=Tolerance(rtol=1.0).as_json())

    assert told["level"] == "different"
    assert "the size of x is 1 instead of 2" in told["detail"]


@pytest.mark.parametrize(
    ("statistic", "degrees", "chance"),
    # The 5 % and 1 % points as every table of the distribution has them.
    [(3.841459, 1, 0.05), (5.991465, 2, 0.05), (18.307038, 10, 0.05), (23.209251, 10, 0.01),
     (124.342113, 100, 0.05), (0.0, 5, 1.0), (1e6, 3, 0.0)],
)  # fmt: skip
def test_chi_squared_has_the_chances_of_the_tables(
    ask: Ask, statistic: float, degrees: int, chance: float
) -> None:
    assert ask("above", of=[statistic, degrees]) == pytest.approx(chance, abs=1e-7)


def test_bins_without_errors_have_to_be_equal(ask: Ask) -> None:
    equal = ask("chi2", [4.0, 0.0], [5.0, 0.0], [9.0, 0.0])
    unequal = ask("chi2", [4.0, 0.0], [5.0, 0.1], [9.0, 0.0])

    assert equal[1:] == [1, pytest.approx(math.erfc(math.sqrt(1 / 18)))]
    assert unequal[2] == 0.0


@pytest.mark.parametrize(
    ("shift", "distance", "chance"),
    # Two rows of 100 whose distributions are a known distance apart, and Kolmogorov's 5 % point.
    [(0, 0.0, 1.0), (19, 0.19, 0.0465), (50, 0.5, 0.0), (200, 1.0, 0.0)],
)
def test_the_distance_of_two_distributions_is_the_largest_of_their_steps(
    ask: Ask, shift: int, distance: float, chance: float
) -> None:
    one = list(range(100))

    told = ask("ks", one, [value + shift for value in one])

    assert told == [pytest.approx(distance), pytest.approx(chance, abs=2e-3)]


def test_what_is_no_number_counts_in_a_distribution(ask: Ask) -> None:
    distance, chance = ask("ks", [1.0, 2.0] * 50, [math.nan] * 100)

    assert (distance, chance) == (1.0, pytest.approx(0.0))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 40))
def test_a_sample_takes_every_nth_value_however_the_row_comes(
    ask: Ask, lengths: list[int], most: int
) -> None:
    row = list(range(sum(lengths)))
    ends = [sum(lengths[:at]) for at in range(len(lengths) + 1)]
    parts = [row[begin:end] for begin, end in pairwise(ends)]

    held = [int(value) for value in ask("sample", *parts, most=most)]

    assert len(held) <= most
    assert len(held) >= min(len(row), most) // 2
    step = held[1] - held[0] if len(held) > 1 else max(1, len(row))
    assert held == row[::step][: len(held)]
    assert len(row[::step]) == len(held)


whole = st.none() | st.integers(0, 3)
nested = {
    "numbers": whole,
    "lists": st.none()
    | st.lists(
        st.none() | st.lists(st.none() | st.sampled_from([0.5, 1.5]), max_size=2), max_size=2
    ),
    "records": st.none()
    | st.fixed_dictionaries({"a": whole, "b": st.lists(st.sampled_from("xy"), max_size=2)}),
}


@pytest.mark.parametrize("kind", list(nested))
@settings(deadline=None, max_examples=150)
@given(st.data(), st.integers(1, 5), st.integers(1, 5))
def test_nested_columns_are_content_identical_only_when_they_are_equal(
    ask: Ask, kind: str, data: st.DataObject, one: int, other: int
) -> None:
    recorded = data.draw(st.lists(nested[kind], min_size=1, max_size=8))
    found = [data.draw(st.just(value) | nested[kind]) for value in recorded]

    told = ask("nested", recorded, found, kind=kind, sizes=[one, other])

    assert (told["level"] == "content-identical") == (recorded == found)
    rows = [at for at, pair in enumerate(zip(recorded, found, strict=True)) if pair[0] != pair[1]]
    named = {int(place.partition("[")[2].partition("]")[0]) for place in told["places"]}
    assert named == set(rows)
