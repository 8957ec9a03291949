"""The line where a field over a grid of points crosses a level, by marching squares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

#: Points are a grid when at least this share of its places is taken.
FILLED = 0.5

Place = tuple[float, float]
Node = tuple[int, int]
#: A side of a cell: its lower or left node, and whether it goes across.
Side = tuple[int, int, bool]
Line = tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A value at nodes of a grid; `shared` places had several points, whose mean is taken."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    values: Mapping[Node, float]
    shared: int = 0


@dataclass(frozen=True, slots=True)
class Contour:
    """Lines at a level, those that end where they began being closed; cells without a corner."""

    lines: tuple[Line, ...]
    cells_left_out: int


def field_of(points: Iterable[tuple[float, float, float | None]]) -> Field | None:
    """Return the grid that points lie on, whether or not all have a value; None for no grid."""
    found: dict[Place, list[float]] = {}
    for x, y, z in points:
        at = found.setdefault((x, y), [])
        if z is not None:
            at.append(z)
    xs, ys = sorted({x for x, _y in found}), sorted({y for _x, y in found})
    if len(xs) < 2 or len(ys) < 2 or len(found) < FILLED * len(xs) * len(ys):
        return None
    across, up = ({value: at for at, value in enumerate(each)} for each in (xs, ys))
    values = {(across[x], up[y]): _mean(zs) for (x, y), zs in found.items() if zs}
    shared = sum(len(zs) > 1 for zs in found.values())
    return Field(tuple(xs), tuple(ys), values, shared)


def contour(field: Field, level: float) -> Contour:
    """Return where a field crosses a level.

    Between two nodes the field is taken to change evenly in x and y. In a saddle, where the line
    could go either way, the mean of the four corners decides. A node at the level counts as above.
    """
    joined: dict[Side, list[Side]] = {}
    left_out = 0
    for i in range(len(field.xs) - 1):
        for j in range(len(field.ys) - 1):
            corners = _corners(field, i, j)
            if corners is None:
                left_out += 1
                continue
            for one, other in _pieces(i, j, corners, level):
                joined.setdefault(one, []).append(other)
                joined.setdefault(other, []).append(one)
    lines = (_drawn(field, sides, level) for sides in _chained(joined))
    return Contour(tuple(line for line in lines if len(line) > 1), left_out)


def _mean(values: Sequence[float]) -> float:
    """Return a mean that does not pass what a float holds on the way."""
    return sum(value / len(values) for value in values)


def _corners(field: Field, i: int, j: int) -> tuple[float, ...] | None:
    """Return the values around a cell, from the lower left against the clock."""
    nodes = ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))
    found = [field.values.get(node) for node in nodes]
    known = tuple(value for value in found if value is not None)
    return known if len(known) == len(nodes) else None


def _pieces(i: int, j: int, corners: Sequence[float], level: float) -> Sequence[tuple[Side, Side]]:
    """Return the pieces of the line within a cell, each from one side to another."""
    a, b, c, d = (value >= level for value in corners)
    bottom, right, top, left = (i, j, True), (i + 1, j, False), (i, j + 1, True), (i, j, False)
    if a == c != b == d:
        joins_a = (_mean(corners) >= level) == a
        return ((bottom, right), (top, left)) if joins_a else ((left, bottom), (right, top))
    sides = ((bottom, a != b), (right, b != c), (top, c != d), (left, d != a))
    crossed = [side for side, changes in sides if changes]
    return ((crossed[0], crossed[1]),) if crossed else ()


def _chained(joined: Mapping[Side, Sequence[Side]]) -> Iterator[list[Side]]:
    """Yield the sides that each line passes, in order; lines with ends come first."""
    seen: set[Side] = set()
    for start in sorted(joined, key=lambda side: len(joined[side])):
        if start in seen:
            continue
        line: list[Side] = []
        following: Side | None = start
        while following is not None:
            line.append(following)
            seen.add(following)
            following = next((side for side in joined[following] if side not in seen), None)
        closed = len(line) > 2 and start in joined[line[-1]]
        yield [*line, start] if closed else line


def _drawn(field: Field, sides: Sequence[Side], level: float) -> Line:
    places = [_crossing(field, side, level) for side in sides]
    moved = [second for first, second in pairwise(places) if second != first]
    return (places[0], *moved)


def _crossing(field: Field, side: Side, level: float) -> Place:
    """Return where the field has the level on a side; halves, since a difference may overflow."""
    i, j, across = side
    k, m = (i + 1, j) if across else (i, j + 1)
    first, second = field.values[i, j] / 2, field.values[k, m] / 2
    whole = second - first
    share = min(1.0, max(0.0, (level / 2 - first) / whole)) if whole else 0.5
    x = field.xs[i] * (1 - share) + field.xs[k] * share if across else field.xs[i]
    y = field.ys[j] if across else field.ys[j] * (1 - share) + field.ys[m] * share
    return x, y
