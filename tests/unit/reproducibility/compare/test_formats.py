"""Each format: the same content in other bytes is the same, one value moved by 1e-9 is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reproducibility.compare import HistogramFigure, ImageFigure, Level, OutputVerdict, Tolerance
from tests.unit.reproducibility.compare.conftest import Compared

ALL = ("root", "parquet", "csv", "json", "yaml", "h5", "fits", "npz", "npy", "png", "ipynb")
NUMBERS = ("root", "parquet", "csv", "json", "yaml", "h5", "fits", "npz", "npy", "txt")
PICTURES = ("png", "ipynb")


def pair(variants: Path, ending: str, variant: str) -> tuple[str, Path, Path]:
    name = f"sample.{ending}"
    return name, variants / "recorded" / name, variants / variant / name


@pytest.mark.parametrize("ending", ALL)
def test_the_same_content_in_other_bytes_is_content_identical(
    variants: Path, compared: Compared, ending: str
) -> None:
    verdict = compared(*pair(variants, ending, "again"))

    assert verdict.level is Level.CONTENT_IDENTICAL, verdict.detail
    assert verdict.comparison is not None
    assert verdict.comparison.compared > 30
    assert not verdict.comparison.differences
    assert "only the bytes of the files differ" in verdict.detail


@pytest.mark.parametrize("ending", NUMBERS)
def test_a_value_moved_by_a_billionth_is_different_without_a_tolerance(
    variants: Path, compared: Compared, ending: str
) -> None:
    verdict = compared(*pair(variants, ending, "moved"))

    assert verdict.level is Level.DIFFERENT
    assert verdict.comparison is not None
    assert verdict.comparison.differing == verdict.comparison.beyond > 0
    assert "89.8559605" in str(verdict.comparison.differences)


@pytest.mark.parametrize("tolerance", [Tolerance(rtol=1e-8), Tolerance(atol=1e-7)])
@pytest.mark.parametrize("ending", NUMBERS)
def test_a_value_moved_by_a_billionth_is_numerically_equal_with_one(
    variants: Path, compared: Compared, ending: str, tolerance: Tolerance
) -> None:
    verdict = compared(*pair(variants, ending, "moved"), tolerance)

    assert verdict.level is Level.NUMERICALLY_EQUAL, verdict.detail
    assert verdict.comparison is not None
    largest = verdict.comparison.largest_absolute
    assert largest is not None
    assert largest.absolute is not None
    assert 9e-10 < largest.absolute < 1e-8
    assert largest.where in verdict.detail


@pytest.mark.parametrize("ending", PICTURES)
def test_a_pixel_that_differs_is_told_with_its_place_and_drawn(
    variants: Path, compared: Compared, ending: str
) -> None:
    verdict = compared(*pair(variants, ending, "moved"))

    assert verdict.level is Level.DIFFERENT
    assert "in 1 of 400 pixels" in verdict.detail
    assert verdict.comparison is not None
    assert "[row 3, column 4, G]" in str(verdict.comparison.differences)
    (figure,) = verdict.comparison.figures
    assert isinstance(figure, ImageFigure)
    assert (figure.width, figure.height) == (20, 20)


@pytest.mark.parametrize("ending", PICTURES)
def test_a_pixel_may_differ_as_far_as_it_is_declared(
    variants: Path, compared: Compared, ending: str
) -> None:
    verdict = compared(*pair(variants, ending, "moved"), Tolerance(atol=1.0))

    assert verdict.level is Level.NUMERICALLY_EQUAL


@pytest.mark.parametrize("ending", ["root", "parquet", "csv"])
def test_other_values_of_the_same_distribution_are_compatible_where_it_is_declared(
    variants: Path, compared: Compared, ending: str
) -> None:
    files = pair(variants, ending, "resampled")

    declared, undeclared = compared(*files, Tolerance(statistical=True)), compared(*files)

    assert undeclared.level is Level.DIFFERENT
    assert declared.level is Level.STATISTICALLY_COMPATIBLE, declared.detail
    assert declared.comparison is not None
    for test in declared.comparison.tests:
        assert test.p_value >= test.threshold > 0
        assert test.threshold == pytest.approx(0.01 / len(declared.comparison.tests))
    assert "threshold" in declared.detail


@pytest.mark.parametrize("ending", ["root", "parquet", "csv", "fits", "h5"])
def test_values_of_another_distribution_are_never_compatible(
    variants: Path, compared: Compared, ending: str
) -> None:
    verdict = compared(*pair(variants, ending, "other"), Tolerance(statistical=True))

    assert verdict.level is Level.DIFFERENT
    assert "the distributions are not compatible" in verdict.detail


@pytest.mark.parametrize("ending", ["png", "npy"])
def test_what_means_something_by_its_places_is_not_tested_as_a_distribution(
    variants: Path, compared: Compared, ending: str
) -> None:
    verdict = compared(*pair(variants, ending, "resampled"), Tolerance(statistical=True))

    assert verdict.level is Level.DIFFERENT
    assert verdict.comparison is not None
    assert not verdict.comparison.tests


@pytest.mark.parametrize(
    ("ending", "ignore"),
    [
        ("root", ("events/mass", "events/inner", "tuple", "hist")),
        ("parquet", ("mass", "hits", "point.x")),
        ("csv", ("mass",)),
        ("json", ("fit.mass", "first")),
        ("yaml", ("fit.mass[*]", "f*t")),
        ("h5", ("/run/mass", "run/rows.mass", "/run/cube")),
        ("fits", ("HDU 0.pixels", "HDU 1.mass")),
        ("npz", ("mass", "cube", "c")),
        ("ipynb", ("cells[1].outputs",)),
        ("txt", ("line 2",)),
    ],
)
def test_what_is_left_out_differs_as_it_likes_and_is_told(
    variants: Path, compared: Compared, ending: str, ignore: tuple[str, ...]
) -> None:
    verdict = compared(*pair(variants, ending, "moved"), Tolerance(ignore=ignore))

    assert verdict.level is Level.CONTENT_IDENTICAL, verdict.detail
    assert verdict.comparison is not None
    assert verdict.comparison.ignored
    assert "left out: " in verdict.detail


@pytest.mark.parametrize("ending", [*ALL, "txt"])
def test_a_comparison_is_the_same_whichever_file_is_the_recorded_one(
    variants: Path, compared: Compared, ending: str
) -> None:
    name, one, other = pair(variants, ending, "other")

    there, back = compared(name, one, other), compared(name, other, one)

    assert there.level is back.level
    assert there.comparison is not None
    assert back.comparison is not None
    assert there.comparison.compared == back.comparison.compared
    assert there.comparison.differing == back.comparison.differing
    assert _size(there) == _size(back)


def _size(verdict: OutputVerdict) -> float | None:
    largest = verdict.comparison and verdict.comparison.largest_absolute
    return largest.absolute if largest else None


@pytest.mark.parametrize("ending", ["root", "parquet", "csv", "h5", "fits"])
def test_columns_that_differ_are_drawn_over_each_other(
    variants: Path, compared: Compared, ending: str
) -> None:
    verdict = compared(*pair(variants, ending, "other"))

    assert verdict.comparison is not None
    assert verdict.comparison.figures
    for figure in verdict.comparison.figures:
        assert isinstance(figure, HistogramFigure)
        assert len(figure.edges) == len(figure.recorded) + 1 == len(figure.found) + 1
        assert list(figure.edges) == sorted(figure.edges)


@pytest.mark.parametrize("ending", [*ALL, "txt"])
def test_a_verdict_comes_back_from_json_as_it_was(
    variants: Path, compared: Compared, ending: str
) -> None:
    tolerance = Tolerance(rtol=1e-12, statistical=True, ignore=("nothing",))

    verdict = compared(*pair(variants, ending, "other"), tolerance)

    told = json.dumps(verdict.as_json(), allow_nan=False)
    assert len(told) < 200_000
    assert OutputVerdict.from_json(json.loads(told)) == verdict


def test_what_is_in_an_object_of_root_is_told_by_its_members(
    variants: Path, compared: Compared
) -> None:
    verdict = compared(*pair(variants, "root", "other"))

    assert verdict.comparison is not None
    told = {each.where: (each.recorded, each.found) for each in verdict.comparison.differences}
    assert told["list.entries[1].text"] == ("word", "another")


def test_a_histogram_is_drawn_with_its_own_edges(variants: Path, compared: Compared) -> None:
    ignore = ("events", "tuple", "plane", "list")

    verdict = compared(*pair(variants, "root", "other"), Tolerance(ignore=ignore))

    assert verdict.comparison is not None
    (figure,) = verdict.comparison.figures
    assert isinstance(figure, HistogramFigure)
    assert (figure.where, figure.edges[0], figure.edges[-1]) == ("hist", 80.0, 105.0)
    assert len(figure.recorded) == 20
    assert not figure.sampled


def test_bins_are_nowhere_else_by_chance(variants: Path, compared: Compared) -> None:
    only = Tolerance(statistical=True, ignore=("events", "tuple", "hist", "list"))

    verdict = compared(*pair(variants, "root", "other"), only)

    assert verdict.level is Level.DIFFERENT
    assert verdict.comparison is not None
    assert "edges" not in str(verdict.comparison.tests)
    assert "plane.axis 0 edges[5]" in str(verdict.comparison.differences)


def test_a_histogram_of_chance_is_tested_by_its_errors(variants: Path, compared: Compared) -> None:
    only = Tolerance(statistical=True, ignore=("events", "tuple", "plane", "list"))

    alike = compared(*pair(variants, "root", "resampled"), only)
    other = compared(*pair(variants, "root", "other"), only)

    assert (alike.level, other.level) == (Level.STATISTICALLY_COMPATIBLE, Level.DIFFERENT)
    assert alike.comparison is not None
    (test,) = alike.comparison.tests
    assert (test.name, test.where, test.threshold) == ("chi2", "hist", 0.01)
    assert test.degrees > 5
