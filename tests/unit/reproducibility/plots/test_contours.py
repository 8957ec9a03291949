"""The line at a level over a grid: analytic answers, saddles, holes, and extreme numbers."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from itertools import pairwise

import pytest

from reproducibility.plots.contours import Field, contour, field_of


def grid(
    value: Callable[[float, float], float | None], *, nodes: int = 41, low: float = -2.0,
    high: float = 2.0,
) -> Field:  # fmt: skip
    """Return a function over a square grid."""
    steps = [low + (high - low) * at / (nodes - 1) for at in range(nodes)]
    found = field_of((x, y, value(x, y)) for x in steps for y in steps)
    assert found is not None
    return found


def square(a: float, b: float, c: float, d: float) -> Field:
    """Return one cell of side 1, its corners from the lower left against the clock."""
    found = field_of([(0, 0, a), (1, 0, b), (1, 1, c), (0, 1, d)])
    assert found is not None
    return found


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.7])
def test_a_circle_is_found_within_what_a_grid_can_tell(radius: float) -> None:
    field = grid(lambda x, y: x * x + y * y)

    found = contour(field, radius**2)

    step = 0.1
    assert len(found.lines) == 1
    line = found.lines[0]
    assert line[0] == line[-1]
    # Between two nodes a parabola is at most step² / 4 below its chord.
    assert all(abs(x * x + y * y - radius**2) <= step**2 / 4 + 1e-12 for x, y in line)
    length = sum(math.dist(one, other) for one, other in pairwise(line))
    assert length == pytest.approx(2 * math.pi * radius, rel=0.01)
    assert found.cells_left_out == 0


def test_an_exclusion_ends_at_the_edge_of_the_scan() -> None:
    # log CLs falls evenly: at CLs = 0.05 the limit is x + y = -log 0.05.
    field = grid(lambda x, y: math.exp(-(x + y)), nodes=101, low=0.0, high=3.0)

    (line,) = contour(field, 0.05).lines

    assert all(x + y == pytest.approx(-math.log(0.05), abs=3e-4) for x, y in line)
    assert [min(end) for end in (line[0], line[-1])] == [0.0, 0.0]


def test_two_hills_have_two_closed_lines() -> None:
    def hills(x: float, y: float) -> float:
        return max(math.exp(-4 * ((x - at) ** 2 + y * y)) for at in (-1, 1))

    lines = contour(grid(hills), 0.5).lines

    assert len(lines) == 2
    assert all(line[0] == line[-1] for line in lines)
    assert {x > 0 for line in lines for x, _y in line} == {True, False}
    assert all(len({x > 0 for x, _y in line}) == 1 for line in lines)


def test_the_middle_of_a_saddle_says_which_corners_are_joined() -> None:
    low = contour(square(1, 0, 1, 0), 0.6).lines
    high = contour(square(1, 0, 1, 0), 0.4).lines

    # The mean is 0.5: below 0.6, so that the two high corners are apart; above 0.4, so joined.
    assert {frozenset(line) for line in low} == {
        frozenset({(0.0, 0.4), (0.4, 0.0)}), frozenset({(1.0, 0.6), (0.6, 1.0)}),
    }  # fmt: skip
    joined = {frozenset((round(x, 9), round(y, 9)) for x, y in line) for line in high}
    assert joined == {
        frozenset({(0.6, 0.0), (1.0, 0.4)}), frozenset({(0.4, 1.0), (0.0, 0.6)}),
    }  # fmt: skip


@pytest.mark.parametrize("corner", range(4))
def test_each_corner_alone_is_cut_off(corner: int) -> None:
    values = [0.0] * 4
    values[corner] = 1.0

    (line,) = contour(square(*values), 0.5).lines

    place = ((0, 0), (1, 0), (1, 1), (0, 1))[corner]
    assert len(line) == 2
    assert all(math.dist(end, place) == 0.5 for end in line)


@pytest.mark.parametrize("level", [0.05, 1.0, 2.0])
def test_a_constant_field_has_no_line(level: float) -> None:
    assert contour(grid(lambda x, y: 1.0, nodes=5), level).lines == ()


def test_a_node_at_the_level_makes_no_line_of_one_place() -> None:
    peak = grid(lambda x, y: 1.0 if x == y == 0 else 0.0, nodes=5)

    assert contour(peak, 1.0).lines == ()
    (around,) = contour(peak, 0.5).lines
    assert len(around) == 5


def test_cells_with_a_hole_are_left_out_and_counted() -> None:
    field = grid(lambda x, y: None if x == y == 0 else x, nodes=5)

    found = contour(field, 0.5)

    assert found.cells_left_out == 4
    assert len(found.lines) == 2
    assert all(x == pytest.approx(0.5) for line in found.lines for x, _y in line)


def test_points_that_stand_on_each_other_give_their_mean() -> None:
    field = field_of([(0, 0, 1), (0, 0, 3), (1, 0, 0), (1, 1, 0), (0, 1, 2)])

    assert field is not None
    assert (field.values[0, 0], field.shared) == (2, 1)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(1.0, 1.0, 1.0)],
        [(float(n), 1.0, 1.0) for n in range(9)],
        [(1.0, float(n), 1.0) for n in range(9)],
        [(float(n), float(n * n), 1.0) for n in range(100)],
    ],
    ids=["nothing", "a point", "a row", "a column", "a curve"],
)
def test_what_is_no_grid_has_no_field(points: list[tuple[float, float, float]]) -> None:
    assert field_of(points) is None


@pytest.mark.parametrize(
    ("low", "high", "level"),
    [
        (-sys.float_info.max, sys.float_info.max, 0.0),
        (0.0, 5e-324, 5e-324),
        (0.0, 1e-300, 1e-301),
        (1.0, math.nextafter(1.0, 2), math.nextafter(1.0, 2)),
    ],
)
def test_extreme_numbers_give_finite_places_between_the_nodes(
    low: float, high: float, level: float
) -> None:
    for line in contour(square(low, high, high, low), level).lines:
        assert all(0 <= value <= 1 for place in line for value in place)


def test_noise_gives_lines_that_pass_each_place_once() -> None:
    field = grid(lambda x, y: math.sin(1e4 * x * x + 37 * y * y * y), nodes=60)

    found = contour(field, 0.0)

    pieces = [piece for line in found.lines for piece in pairwise(line)]
    assert len(pieces) == len(set(pieces))
    # A line ends where the grid ends and nowhere else.
    for line in found.lines:
        if line[0] != line[-1]:
            assert all(2.0 in map(abs, end) for end in (line[0], line[-1]))
