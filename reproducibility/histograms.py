"""Two histograms over each other, and the ratio of their bins, as shapes of an SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from data_mgmt.preview_charts import Tick, word
from data_mgmt.previews.values import DASH

WIDTH, HEIGHT = 640, 330
LEFT, RIGHT = 68, 14
TOP, MIDDLE = 12, 222
RATIO_TOP, BOTTOM = 238, 302
TICKS = 5
#: The ratio is drawn this far from 1; what is farther lies at the edge.
LEAST_SPAN, MOST_SPAN = 0.05, 1.0

Row = Sequence[float]
Place = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Overlay:
    """A drawing of two histograms and their ratio, and rows that say the same."""

    title: str
    recorded: str
    found: str
    ratio: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    beside: tuple[Tick, ...]
    one: str
    rows: tuple[tuple[str, ...], ...]
    sampled: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    middle: int = MIDDLE
    bottom: int = BOTTOM


def overlay(told: Mapping[str, Any]) -> Overlay | None:
    """Return the drawing of a histogram figure as a stored verdict has it; None where it can't be.

    What is stored may come from an older comparison, so that nothing about it is relied upon.
    """
    edges, before, after = (_numbers(told.get(name)) for name in ("edges", "recorded", "found"))
    if len(edges) < 2 or not len(before) == len(after) == len(edges) - 1:
        return None
    if any(high <= low for low, high in pairwise(edges)):
        return None
    across = _scale(edges[0], edges[-1], LEFT, WIDTH - RIGHT)
    least, most = min(0.0, *before, *after), max(0.0, *before, *after) or 1.0
    up = _scale(least, most, MIDDLE, TOP)
    ratios = [new / old if old else math.nan for old, new in zip(before, after, strict=True)]
    span = _span(ratios)
    beside = _scale(1 - span, 1 + span, BOTTOM, RATIO_TOP)
    return Overlay(
        title=str(told.get("where") or ""),
        recorded=_stairs(edges, before, across, up),
        found=_stairs(edges, after, across, up),
        ratio=_pieces(edges, ratios, across, beside),
        across=_ticks(edges[0], edges[-1], across),
        up=_ticks(least, most, up),
        beside=tuple(Tick(f"{beside(at):.1f}", word(at)) for at in (1 - span, 1.0, 1 + span)),
        one=f"{beside(1.0):.1f}",
        rows=tuple(_rows(edges, before, after, ratios)),
        sampled=bool(told.get("sampled")),
    )


def _numbers(told: object) -> list[float]:
    """Return a row of finite numbers; none at all where one is something else."""
    row = list(told) if isinstance(told, list | tuple) else []
    known = [float(each) for each in row if isinstance(each, int | float) and math.isfinite(each)]
    return known if len(known) == len(row) else []


def _scale(low: float, high: float, start: float, end: float) -> Place:
    """Return where a value lies in the drawing; halves, since a difference may pass a double."""
    whole = high / 2 - low / 2

    def place(value: float) -> float:
        share = (value / 2 - low / 2) / whole if whole > 0 else 0.0
        return start + (end - start) * min(1.0, max(0.0, share))

    return place


def _span(ratios: Row) -> float:
    away = max((abs(each - 1) for each in ratios if math.isfinite(each)), default=0.0)
    return min(MOST_SPAN, max(LEAST_SPAN, float(f"{away * 1.1:.1g}")))


def _stairs(edges: Row, counts: Row, across: Place, up: Place) -> str:
    ground = f"{up(0.0):.1f}"
    steps = (
        f"V{up(count):.1f}H{across(edge):.1f}"
        for count, edge in zip(counts, edges[1:], strict=True)
    )
    return f"M{across(edges[0]):.1f},{ground}{''.join(steps)}V{ground}"


def _pieces(edges: Row, ratios: Row, across: Place, up: Place) -> str:
    """Return a line a bin; bins without a recorded count have no ratio."""
    return "".join(
        f"M{across(low):.1f},{up(ratio):.1f}H{across(high):.1f}"
        for (low, high), ratio in zip(pairwise(edges), ratios, strict=True)
        if math.isfinite(ratio)
    )


def _ticks(low: float, high: float, place: Place) -> tuple[Tick, ...]:
    """Return round numbers between two, with their places."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return (Tick(f"{place(low):.1f}", word(low)),)
    step = 10.0 ** math.floor(math.log10(span / TICKS))
    step = next((step * n for n in (1, 2, 5, 10) if span / (step * n) <= TICKS + 1), step * 10)
    first = math.ceil(low / step) if step and math.isfinite(low / step) else 0
    values = [round((first + n) * step, 12) for n in range(TICKS + 3)]
    return tuple(Tick(f"{place(at):.1f}", word(at)) for at in values if low <= at <= high)


def _rows(edges: Row, before: Row, after: Row, ratios: Row) -> Iterator[tuple[str, ...]]:
    for (low, high), old, new, ratio in zip(pairwise(edges), before, after, ratios, strict=True):
        told = f"{ratio:.6g}" if math.isfinite(ratio) else DASH
        yield word(low), word(high), f"{old:.8g}", f"{new:.8g}", told
