"""Draws a plot of a campaign: sifts its points, lays the axes, and says what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reproducibility.plots.axes import Axis, spanning
from reproducibility.plots.contours import Field, field_of
from reproducibility.plots.shapes import MOST_DOTS, density, level_line, scatter
from reproducibility.plots.values import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Choice,
    Kind,
    Plot,
    Sample,
    Spot,
)

MARGIN = 0.04


def draw(choice: Choice, samples: Iterable[Sample]) -> Plot:
    """Return the drawing of a campaign's points, and what can't be drawn in sentences."""
    spots, notes = _sifted(choice, samples)
    if not spots:
        return Plot(choice, (*notes, _("There is no point to draw yet.")))
    field = None
    if choice.kind is Kind.CONTOUR:
        field = field_of((spot.x, spot.y, spot.z) for spot in spots)
        problem = _problem(choice, field)
        if problem or field is None:
            return Plot(choice, (*notes, problem))
    across, up = _axes(choice, spots)
    if field:
        shapes = level_line(choice, spots, field, across, up)
    elif len(spots) > MOST_DOTS:
        shapes = density(choice, spots, across, up)
    else:
        shapes = scatter(choice, spots, across, up)
    return Plot(choice, (*notes, *shapes.notes), shapes, across.ticks(), up.ticks())


def _axes(choice: Choice, spots: Sequence[Spot]) -> tuple[Axis, Axis]:
    return (
        spanning((spot.x for spot in spots), LEFT, WIDTH - RIGHT, log="x" in choice.log,
                 margin=MARGIN),
        spanning((spot.y for spot in spots), BOTTOM, TOP, log="y" in choice.log, margin=MARGIN),
    )  # fmt: skip


def _sifted(choice: Choice, samples: Iterable[Sample]) -> tuple[list[Spot], tuple[str, ...]]:
    """Return the points that have what is drawn, and sentences about the others.

    The places of a contour's grid count without a value of z, too: it comes later, or never.
    """
    contours = choice.kind is Kind.CONTOUR
    coloured = bool(choice.z) and not contours
    spots, lacking, unfit = [], 0, 0
    for each in samples:
        z = each.z if choice.z else None
        missing = z is None and (coloured or contours)
        lacking += missing or each.x is None or each.y is None
        if each.x is None or each.y is None or (missing and coloured):
            continue
        if _below_log(choice, each.x, each.y, z if coloured else None):
            unfit += 1
            continue
        spots.append(Spot(each.number, each.x, each.y, z))
    return spots, (*_lacks(lacking), *_unfit(unfit))


def _below_log(choice: Choice, x: float, y: float, z: float | None) -> bool:
    values = {"x": x, "y": y, "z": z}
    return any(value is not None and value <= 0 for name, value in values.items()
               if name in choice.log)  # fmt: skip


def _lacks(count: int) -> tuple[str, ...]:
    words = ngettext(
        "%(n)s point is left out: it has no number in these columns.",
        "%(n)s points are left out: they have no number in these columns.",
        count,
    )
    return (words % {"n": f"{count:,}"},) if count else ()


def _unfit(count: int) -> tuple[str, ...]:
    words = ngettext(
        "%(n)s point is left out: a logarithmic axis shows what is above 0.",
        "%(n)s points are left out: a logarithmic axis shows what is above 0.",
        count,
    )
    return (words % {"n": f"{count:,}"},) if count else ()


def _problem(choice: Choice, field: Field | None) -> str:
    """Return why there is no contour, or nothing."""
    if not choice.z:
        return _("Choose the result whose level the contour follows.")
    if field is None:
        return _("A contour needs points on a grid of the two columns, which these are not: make "
                 "the campaign as a grid, or show all points coloured.")  # fmt: skip
    if not field.values:
        return _("No point has a value of %s yet.") % choice.z
    return ""
