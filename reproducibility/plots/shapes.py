"""The shapes of a plot: a circle a point, a rectangle a bin of many, or the line of a contour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt.preview_charts import word
from reproducibility.plots.axes import Axis, spanning
from reproducibility.plots.contours import Contour, Field, contour
from reproducibility.plots.values import (
    BOTTOM,
    LEFT,
    RIGHT,
    SHADES,
    TOP,
    WIDTH,
    Box,
    Choice,
    Dot,
    Scale,
    Shapes,
    Spot,
)

#: More points than this are drawn as a density, of so many bins across and up.
MOST_DOTS, ACROSS, UP = 2000, 40, 24
#: A line of more pieces than this is noise, and would make a page of megabytes.
MOST_PIECES = 10_000


def number(value: float) -> str:
    """Return a number as the rows have it."""
    return f"{value:.8g}"


def scatter(choice: Choice, spots: Sequence[Spot], across: Axis, up: Axis) -> Shapes:
    """Return a circle a point, coloured by z where there is one."""
    values = [spot.z for spot in spots if spot.z is not None]
    colours = _colours(choice, values)
    dots, rows = [], []
    for spot in spots:
        said = tuple(number(value) for value in spot[1:] if value is not None)
        tone = _tone(colours, spot.z) if colours and spot.z is not None else "plain"
        text = f"{spot.number}: {', '.join(said)}"
        dots.append(Dot(_f(across.place(spot.x)), _f(up.place(spot.y)), tone, text))
        rows.append((str(spot.number), *said))
    told = {"n": f"{len(spots):,}", "x": choice.x, "y": choice.y}
    summary = _("%(n)s points, %(y)s against %(x)s. The rows say the same.") % told
    heads = (_("point"), choice.x, choice.y, *([choice.z] if choice.z else ()))
    scale = _scale(choice.z, values) if choice.z else None
    return Shapes(summary, heads, tuple(rows), dots=tuple(dots), scale=scale)


def density(choice: Choice, spots: Sequence[Spot], across: Axis, up: Axis) -> Shapes:
    """Return bins with the number of points in each, coloured by it or by the mean of z."""
    held: dict[tuple[int, int], list[float]] = {}
    for spot in spots:
        bin_of = (across.part(spot.x, ACROSS), up.part(spot.y, UP))
        held.setdefault(bin_of, []).append(spot.z if spot.z is not None else 1.0)
    shown = {at: sum(z / len(zs) for z in zs) if choice.z else float(len(zs))
             for at, zs in held.items()}  # fmt: skip
    name = _("mean of %s") % choice.z if choice.z else _("points")
    colours = _colours(choice, list(shown.values()))
    boxes, rows = [], []
    for at in sorted(held, key=lambda at: (-len(held[at]), at)):
        ends = [*_ends(across, at[0], ACROSS), *_ends(up, at[1], UP)]
        row = (*map(number, ends), f"{len(held[at]):,}")
        row = (*row, number(shown[at])) if choice.z else row
        tone = _tone(colours, shown[at]) if colours else "plain"
        boxes.append(_box(at, tone, f"{name}: {row[-1]}"))
        rows.append(row)
    told = {"n": f"{len(spots):,}", "most": f"{MOST_DOTS:,}", "across": ACROSS, "up": UP}
    note = _("%(n)s points are more than the %(most)s that are drawn singly: they are counted in "
             "%(across)s by %(up)s bins.") % told  # fmt: skip
    summary = _("How many points lie where, %(y)s against %(x)s. The rows say the same.")
    ends_of = [text % name for name in (choice.x, choice.y) for text in (_("%s from"), _("%s to"))]
    heads = (*ends_of, _("points"), *([name] if choice.z else ()))
    return Shapes(
        summary % {"x": choice.x, "y": choice.y}, heads, tuple(rows), boxes=tuple(boxes),
        scale=_scale(name, list(shown.values())), notes=(note,),
    )  # fmt: skip


def _ends(axis: Axis, part: int, parts: int) -> tuple[float, float]:
    return axis.value(part / parts), axis.value((part + 1) / parts)


def _box(at: tuple[int, int], tone: str, text: str) -> Box:
    wide, high = (WIDTH - RIGHT - LEFT) / ACROSS, (BOTTOM - TOP) / UP
    x, y = LEFT + at[0] * wide, BOTTOM - (at[1] + 1) * high
    return Box(_f(x), _f(y), _f(wide), _f(high), tone, text)


def level_line(
    choice: Choice, spots: Sequence[Spot], field: Field, across: Axis, up: Axis
) -> Shapes:
    """Return the line where z has its level, and the points on either side of it."""
    found = contour(field, choice.level)
    notes = list(_notes_of(choice, field, found))
    lines = found.lines
    if sum(map(len, lines)) > MOST_PIECES:
        notes.append(_("The line has more than %s pieces and is not drawn: at this level the "
                       "result changes from point to point.") % f"{MOST_PIECES:,}")  # fmt: skip
        lines = ()
    path = "".join(
        "M" + "L".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in line)
        for line in lines
    )
    rows = tuple((str(at), number(x), number(y)) for at, line in enumerate(lines, 1)
                 for x, y in line)  # fmt: skip
    told = {"x": choice.x, "y": choice.y, "z": choice.z, "level": number(choice.level)}
    summary = _("Where %(z)s crosses %(level)s, %(y)s against %(x)s. The rows say the same.") % told
    dots = _sides(choice, spots, across, up) if len(spots) <= MOST_DOTS else ()
    return Shapes(
        summary, (_("line"), choice.x, choice.y), rows, dots=dots, line=path, notes=tuple(notes)
    )


def _sides(choice: Choice, spots: Sequence[Spot], across: Axis, up: Axis) -> tuple[Dot, ...]:
    """Return the points below the level and those above."""
    return tuple(
        Dot(_f(across.place(spot.x)), _f(up.place(spot.y)),
            "below" if spot.z < choice.level else "above", f"{spot.number}: {number(spot.z)}")
        for spot in spots if spot.z is not None
    )  # fmt: skip


def _notes_of(choice: Choice, field: Field, found: Contour) -> Iterator[str]:
    if not found.lines:
        ends = (number(min(field.values.values())), number(max(field.values.values())))
        told = {"z": choice.z, "level": number(choice.level), "low": ends[0], "high": ends[1]}
        yield _("%(z)s does not cross %(level)s: it goes from %(low)s to %(high)s.") % told
    if found.cells_left_out:
        words = ngettext(
            "%s cell of the grid is left out: a corner has no value.",
            "%s cells of the grid are left out: a corner has no value.",
            found.cells_left_out,
        )
        yield words % f"{found.cells_left_out:,}"
    if field.shared:
        words = ngettext(
            "%s place has several points: their mean is taken.",
            "%s places have several points: their mean is taken.",
            field.shared,
        )
        yield words % f"{field.shared:,}"


def _colours(choice: Choice, values: Sequence[float]) -> Axis | None:
    return spanning(values, 0, 1, log="z" in choice.log) if values else None


def _tone(colours: Axis, value: float) -> str:
    return f"shade-{colours.part(value, SHADES)}"


def _scale(name: str, values: Sequence[float]) -> Scale:
    return Scale(name, word(min(values)), word(max(values)))


def _f(value: float) -> str:
    return f"{value:.1f}"
