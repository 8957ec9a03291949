"""What a campaign would be, before anything of it is written: its points, its time, its cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import User
from reproducibility.models import AnalysisVersion
from reproducibility.points.values import Points, Value
from reproducibility.services.campaigns import costs, making
from reproducibility.services.campaigns.costs import Cost
from reproducibility.services.campaigns.making import Wish

#: Rows that a preview shows.
ROWS = 10


@dataclass(frozen=True, slots=True)
class Column:
    """A parameter over all points; `low` and `high` are those of numbers, None for all else."""

    name: str
    low: int | float | None
    high: int | float | None
    distinct: int


@dataclass(frozen=True, slots=True)
class Preview:
    """All points in figures, the first of them, and what they may cost."""

    points: int
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    cost: Cost


def preview(user: User, version: AnalysisVersion, wish: Wish, *, rows: int = ROWS) -> Preview:
    """Return what a wish would become, and write nothing; raises what `making.create` would."""
    making.looked_through(user, version, wish)
    points = wish.points
    return Preview(
        points=len(points),
        columns=tuple(_columns(points)),
        rows=points.rows[:rows],
        cost=costs.of_wish(user, version, points=len(points), at_once=wish.at_once),
    )


def _columns(points: Points) -> Iterator[Column]:
    for at, name in enumerate(points.columns):
        values = {row[at] for row in points.rows}
        numbers = [each for each in values if isinstance(each, int | float)]
        ordered = len(numbers) == len(values) and not any(isinstance(n, bool) for n in numbers)
        low, high = (min(numbers), max(numbers)) if ordered else (None, None)
        yield Column(name, low, high, len(values))
