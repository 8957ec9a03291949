"""Grids, lists, chance and Latin hypercubes: counted first, made the same everywhere."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.points import plans
from reproducibility.points.plans import Way
from reproducibility.points.values import Faulty
from tests.unit.reproducibility.points.making import (
    DEFAULTS,
    made,
    not_made,
    plan,
    told,
    unhurried,
)

PINNED_RANDOM = (
    (3.9448285105119325, "b", 257),
    (-1.5671818502757038, "a", 857),
    (2.523025802966216, "b", 747),
)
PINNED_LATIN = (
    (0.002886699257665728, 1),
    (0.07870951234279326, 4),
    (0.009102812681661855, 3),
    (0.24644717507058078, 2),
)


def test_a_grid_is_every_combination_and_the_last_field_changes_fastest() -> None:
    points = made(Way.GRID, mass="1:2:0.5", label="a, b")

    assert points.columns == ("mass", "label")
    assert points.rows == (
        (1.0, "a"), (1.0, "b"), (1.5, "a"), (1.5, "b"), (2.0, "a"), (2.0, "b"),
    )  # fmt: skip


sizes = st.lists(st.integers(1, 6), min_size=1, max_size=5)


@unhurried
@given(sizes)
def test_a_grid_has_the_product_of_its_fields(counts: list[int]) -> None:
    fields = {f"p{at}": f"1:{count}:1" for at, count in enumerate(counts)}
    defaults: dict[str, Any] = dict.fromkeys(fields, 0)
    wanted = plans.Plan(Way.GRID, fields)

    points = plans.make(wanted, defaults)

    assert len(points) == plans.count(wanted, defaults) == math.prod(counts)
    assert len(set(points.rows)) == len(points)


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"events": "1:1000:1", "mass": "0:999999:1"}, "1,000,000,000"),
        ({"events": "1:1000000000:1"}, "1,000,000,000"),
        ({"mass": "log 1:2:100001"}, "100,001"),
        ({"mass": "0:1e300:1e-300", "free": "1"}, "more than 1,000,000,000,000,000,000"),
    ],
)
def test_too_large_a_grid_is_refused_by_its_number(fields: dict[str, Any], number: str) -> None:
    faulty = not_made(Way.GRID, **fields)

    assert faulty.message == f"These are {number} points; a table has at most 100,000."


def test_a_grid_of_more_digits_than_python_writes_is_refused_too() -> None:
    fields = {f"p{at}": "0:1e300:1e-300" for at in range(20)}

    with pytest.raises(Faulty, match="more than 1,000,000,000,000,000,000 points"):
        plans.count(plans.Plan(Way.GRID, fields), dict.fromkeys(fields, 1.0))


def test_a_list_goes_through_its_fields_together() -> None:
    points = made(Way.LIST, mass="1, 2, 3", events="10:30:10", label="same")

    assert points.rows == ((1.0, 10, "same"), (2.0, 20, "same"), (3.0, 30, "same"))


def test_a_list_of_unequal_fields_names_the_shorter() -> None:
    faulty = not_made(Way.LIST, mass="1, 2, 3", events="1, 2")

    ((_, field, reason),) = told(faulty)

    assert field == faulty.field == "events"
    assert reason == "give one value, or 3 as the longest field has: not 2."


def test_a_list_may_repeat_a_value_but_no_point() -> None:
    assert len(made(Way.LIST, mass="1, 1", events="1, 2")) == 2

    assert "points 1 and 3 would be the same" in not_made(
        Way.LIST, mass="1, 2, 1", events="1, 2, 1"
    ).message  # fmt: skip


@pytest.mark.parametrize("way", [Way.GRID, Way.RANDOM])
def test_a_value_that_stands_twice_in_a_field_is_told(way: Way) -> None:
    faulty = not_made(way, points=2, events="1, 2, 01")

    assert told(faulty) == [(None, "events", "1 stands there twice.")]


def test_empty_fields_leave_the_defaults() -> None:
    assert made(Way.GRID, mass="1", events=" ", label="").columns == ("mass",)


def test_no_field_at_all_is_told() -> None:
    assert "at least one parameter" in not_made(Way.GRID, mass=" ").message


def test_the_faults_of_all_fields_are_told_together() -> None:
    faulty = not_made(Way.GRID, mass="1:0:1", evnts="1", cuts="1", label="a")

    assert [field for _, field, _ in told(faulty)] == ["evnts", "cuts", "mass"]
    assert "is events meant?" in faulty.message


def test_many_unknown_fields_are_counted() -> None:
    fields: dict[str, Any] = {f"unknown{at}": "1" for at in range(60)}

    faulty = not_made(Way.GRID, **fields)

    assert (len(faulty.faults), faulty.more) == (50, 10)


@pytest.mark.parametrize("way", [Way.RANDOM, Way.LATIN])
@pytest.mark.parametrize(
    ("points", "seed", "says"),
    [
        (0, 1, "how many points"),
        (-1, 1, "how many points"),
        (100_001, 1, "These are 100,001 points"),
        (1, -1, "The seed is"),
        (1, 2**63, "The seed is"),
    ],
)
def test_chance_needs_a_number_of_points_and_a_seed(
    way: Way, points: int, seed: int, says: str
) -> None:
    faulty = not_made(way, points=points, seed=seed, mass="uniform 0:1")

    # A parameter may be called `seed`: a fault names parameters only.
    assert faulty.field is None
    assert says in faulty.message


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"mass": "uniform 1:0"}, "smaller number stands first"),
        ({"mass": "uniform 1:1"}, "smaller number stands first"),
        ({"mass": "uniform 0:1:2"}, "write it as uniform 0:10"),
        ({"mass": "uniform 0"}, "write it as uniform 0:10"),
        ({"mass": "uniform -1.5e308:1.5e308"}, "too far apart"),
        ({"mass": "uniform a:b"}, "is no number"),
        ({"mass": "0:10:1"}, "write it as uniform 0:10"),
        ({"mass": "log 0:1"}, "above 0"),
        ({"mass": "log 2:1"}, "smaller number stands first"),
        ({"events": "log 1:10"}, "list these whole numbers"),
        ({"events": "uniform 0.5:1"}, "give a whole number"),
        ({"quick": "choice maybe"}, "true or false"),
        ({"free": "uniform 0:10"}, "a parameter without a default has no ranges"),
    ],
)
def test_a_field_of_chance_that_says_nothing_is_told(field: dict[str, Any], says: str) -> None:
    faulty = not_made(Way.RANDOM, points=3, **field)

    assert faulty.field == next(iter(field))
    assert says in faulty.message


def test_chance_comes_out_the_same_everywhere() -> None:
    fields = {"mass": "uniform -5:5", "free": "choice a, b, c", "events": "uniform 1:1000"}

    points = made(Way.RANDOM, points=3, seed=42, **fields)

    assert points.rows == PINNED_RANDOM


def test_a_latin_hypercube_comes_out_the_same_everywhere() -> None:
    fields = {"mass": "log 0.001:1", "events": "uniform 1:4"}

    points = made(Way.LATIN, points=4, seed=42, **fields)

    assert points.rows == PINNED_LATIN


def test_another_seed_gives_other_points() -> None:
    points = [made(Way.RANDOM, points=5, seed=seed, mass="uniform 0:1") for seed in (1, 2)]

    assert not set(points[0].rows) & set(points[1].rows)


def test_more_points_of_chance_begin_with_the_same() -> None:
    few, many = (made(Way.RANDOM, points=number, seed=3, mass="log 1:9", quick="true, false")
                 for number in (10, 25))  # fmt: skip

    assert many.rows[:10] == few.rows


@pytest.mark.parametrize("way", [Way.RANDOM, Way.LATIN])
def test_another_parameter_leaves_the_numbers_of_the_first(way: Way) -> None:
    alone = made(way, points=8, seed=3, mass="uniform 0:1")
    both = made(way, points=8, seed=3, events="uniform 1:50", mass="uniform 0:1")

    assert [row[1] for row in both.rows] == [row[0] for row in alone.rows]


def test_points_of_chance_are_all_different() -> None:
    points = made(
        Way.RANDOM, points=24, seed=5, events="uniform 1:6", label="a, b", quick="true, false"
    )

    assert len(set(points.rows)) == 24


def test_more_points_than_there_are_is_refused() -> None:
    faulty = not_made(Way.RANDOM, points=13, events="uniform 1:6", label="a, b")

    assert faulty.message == "There are only 12 different points. Ask for fewer, or make a grid."


def test_more_combinations_than_a_float_holds_are_enough() -> None:
    fields = {f"p{at}": f"uniform 0:{2**62}" for at in range(20)} | {"x": "uniform 0:1"}
    defaults: dict[str, Any] = dict.fromkeys(fields, 0) | {"x": 0.5}

    points = plans.make(plans.Plan(Way.RANDOM, fields, 3, 1), defaults)

    assert len(points) == 3


def test_a_latin_hypercube_that_would_repeat_a_point_is_refused() -> None:
    faulty = not_made(Way.LATIN, points=12, seed=1, events="uniform 1:6", label="a, b")

    assert "would be the same" in faulty.message


@unhurried
@given(st.integers(1, 300), st.integers(0, plans.LARGEST_SEED))
def test_a_latin_hypercube_has_each_part_once_in_each_column(number: int, seed: int) -> None:
    defaults = {"a": 0.5, "b": 0.5}
    wanted = plans.Plan(Way.LATIN, {"a": "uniform 0:1", "b": "uniform 0:1"}, number, seed)

    points = plans.make(wanted, defaults)

    for column in zip(*points.rows, strict=True):
        assert sorted(int(value * number) for value in column) == list(range(number))


@unhurried
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000))
def test_a_latin_hypercube_spreads_whole_numbers_evenly(
    numbers: int, times: int, seed: int
) -> None:
    fields = {"n": f"uniform 0:{numbers}", "x": "uniform 0:1"}
    wanted = plans.Plan(Way.LATIN, fields, (numbers + 1) * times, seed)

    points = plans.make(wanted, {"n": 1, "x": 0.5})

    assert Counter(row[0] for row in points.rows) == dict.fromkeys(range(numbers + 1), times)


def test_values_of_chance_stay_between_their_ends() -> None:
    fields = {"mass": "log 0.001:0.002", "events": "uniform -3:3", "free": "choice x, y"}

    points = made(Way.RANDOM, points=2000, seed=9, **fields)

    assert all(isinstance(row[0], float) and 0.001 <= row[0] < 0.002 for row in points.rows)
    assert {row[1] for row in points.rows} == set(range(-3, 4))
    assert {row[2] for row in points.rows} == {"x", "y"}


def test_a_plan_is_counted_as_it_is_made() -> None:
    wanted = plan(Way.RANDOM, points=17, mass="uniform 0:1")

    assert plans.count(wanted, DEFAULTS) == 17
