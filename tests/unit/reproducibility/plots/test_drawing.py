"""A plot says what it shows, what it leaves out, and never becomes large."""

from __future__ import annotations

import math

import pytest

from reproducibility.plots.drawing import draw
from reproducibility.plots.values import MOST_ROWS, Choice, Kind, Plot, Sample, Shapes

CONTOUR = Choice("m0", "m12", "CLs", kind=Kind.CONTOUR)


def shapes_of(plot: Plot) -> Shapes:
    """Return what is drawn, which there must be."""
    assert plot.shapes is not None
    return plot.shapes


def scan(side: int) -> list[Sample]:
    """Return a grid of points whose CLs is 0.05 on a circle of radius 5 around nothing."""
    places = [(10 * i / (side - 1), 10 * j / (side - 1)) for i in range(side) for j in range(side)]
    return [Sample(at, x, y, 0.05 * (x * x + y * y) / 25) for at, (x, y) in enumerate(places, 1)]


def test_a_single_point_is_in_the_middle() -> None:
    plot = draw(Choice("m0", "CLs"), [Sample(1, 100.0, 0.5)])

    (dot,) = shapes_of(plot).dots
    assert (float(dot.x), float(dot.y)) == pytest.approx(
        ((plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2)
    )
    assert shapes_of(plot).rows == (("1", "100", "0.5"),)
    assert plot.notes == ()


def test_points_lie_right_and_up_of_smaller_ones() -> None:
    dots = shapes_of(draw(Choice("m0", "CLs"), [Sample(1, 1, 1), Sample(2, 2, 3)])).dots

    assert float(dots[0].x) < float(dots[1].x)
    assert float(dots[0].y) > float(dots[1].y)


def test_what_has_no_number_is_left_out_and_counted() -> None:
    samples = [Sample(1, 1, 2, 3), Sample(2, 1, None, 3), Sample(3, None, 2, 3), Sample(4, 1, 2)]

    coloured = draw(Choice("m0", "m12", "CLs"), samples)
    plain = draw(Choice("m0", "m12"), samples)

    assert len(shapes_of(coloured).dots) == 1
    assert coloured.notes == ("3 points are left out: they have no number in these columns.",)
    assert len(shapes_of(plain).dots) == 2


def test_what_a_logarithmic_axis_can_not_show_is_counted_apart() -> None:
    samples = [Sample(1, 0.0, 1), Sample(2, 10.0, 1), Sample(3, 1.0, None)]

    plot = draw(Choice("m0", "m12", log=("x",)), samples)

    assert len(shapes_of(plot).dots) == 1
    assert [note.split(":")[0] for note in plot.notes] == [
        "1 point is left out", "1 point is left out",
    ]  # fmt: skip


def test_nothing_to_draw_is_said() -> None:
    assert draw(Choice("m0", "m12"), []).notes == ("There is no point to draw yet.",)
    assert draw(CONTOUR, []).shapes is None


def test_colours_go_from_the_least_to_the_most() -> None:
    samples = [Sample(n, n, n, float(n)) for n in range(8)]

    shapes = shapes_of(draw(Choice("m0", "m12", "CLs"), samples))

    assert [dot.tone for dot in shapes.dots] == [f"shade-{n}" for n in range(8)]
    assert shapes.scale is not None
    assert (shapes.scale.low, shapes.scale.high) == ("0", "7")


def test_one_colour_is_enough_for_one_value() -> None:
    shapes = shapes_of(draw(Choice("m0", "m12", "CLs"), [Sample(n, n, n, 3.0) for n in range(5)]))

    assert len({dot.tone for dot in shapes.dots}) == 1


def test_many_points_become_a_density_that_holds_each_once() -> None:
    samples = [Sample(n, n % 317, n * n % 1009, n % 7) for n in range(100_000)]

    plot = draw(Choice("m0", "m12"), samples)

    shapes = shapes_of(plot)
    assert not shapes.dots
    assert len(shapes.boxes) <= 960
    assert sum(int(row[-1].replace(",", "")) for row in shapes.rows) == 100_000
    assert "counted in 40 by 24 bins" in plot.notes[0]
    assert len(plot.rows) == MOST_ROWS
    assert plot.rows_left == len(shapes.rows) - MOST_ROWS


def test_a_coloured_density_shows_the_mean() -> None:
    samples = [Sample(n, n % 2, 0, float(n % 2)) for n in range(5000)]

    shapes = shapes_of(draw(Choice("m0", "m12", "CLs"), samples))

    assert {row[-2:] for row in shapes.rows} == {("2,500", "0"), ("2,500", "1")}
    assert shapes.scale is not None
    assert shapes.scale.name == "mean of CLs"


@pytest.mark.parametrize("log", [(), ("x", "y")])
def test_an_exclusion_is_a_line_between_points_below_and_above(log: tuple[str, ...]) -> None:
    choice = Choice("m0", "m12", "CLs", kind=Kind.CONTOUR, log=log)

    shapes = shapes_of(draw(choice, scan(21)))

    places = [(float(x), float(y)) for _line, x, y in shapes.rows]
    assert all(abs(math.hypot(x, y) - 5) < 0.02 for x, y in places)
    assert shapes.line.count("M") == 1
    assert {dot.tone for dot in shapes.dots} == {"below", "above"}
    assert "nan" not in shapes.line


def test_a_contour_of_a_hundred_thousand_points_has_no_dots() -> None:
    shapes = shapes_of(draw(CONTOUR, scan(316)))

    assert not shapes.dots
    assert len(shapes.line) < 20_000


def test_a_contour_grows_with_the_results() -> None:
    samples = [each if each.number % 4 else each._replace(z=None) for each in scan(21)]

    plot = draw(CONTOUR, samples)

    assert shapes_of(plot).line
    assert plot.notes[0].startswith("110 points are left out")
    assert "cells of the grid are left out" in plot.notes[1]


def test_a_level_that_is_not_crossed_says_how_far_the_result_goes() -> None:
    choice = Choice("m0", "m12", "CLs", kind=Kind.CONTOUR, level=9.0)

    plot = draw(choice, scan(5))

    assert plot.notes == ("CLs does not cross 9: it goes from 0 to 0.4.",)
    assert shapes_of(plot).line == ""


def test_a_contour_needs_a_grid_and_a_result() -> None:
    scattered = [Sample(n, math.sin(n), math.cos(n * n), 0.0) for n in range(50)]
    unfinished = [each._replace(z=None) for each in scan(5)]

    assert "on a grid" in draw(CONTOUR, scattered).notes[0]
    assert "Choose the result" in draw(Choice("a", "b", kind=Kind.CONTOUR), scan(5)).notes[-1]
    assert "No point has a value of CLs yet." in draw(CONTOUR, unfinished).notes


def test_noise_is_not_drawn_as_a_line() -> None:
    samples = [each._replace(z=float(each.number * 7919 % 101)) for each in scan(150)]
    choice = Choice("m0", "m12", "CLs", kind=Kind.CONTOUR, level=50.0)

    plot = draw(choice, samples)

    assert shapes_of(plot).line == ""
    assert "more than 10,000 pieces" in plot.notes[0]


def test_a_long_name_is_cut_in_the_drawing_only() -> None:
    plot = draw(Choice("m" * 200, "%s {0}"), [Sample(1, 1, 1)])

    assert len(plot.x) == 40
    assert "m" * 200 in shapes_of(plot).heads
    assert "%s {0}" in shapes_of(plot).summary
