"""Histograms and curves of a preview as shapes of an SVG, and as rows that say the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from data_mgmt.previews.values import DASH, Curve, Histogram

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 68, 14, 12, 28
MAX_ROWS = 100
TICKS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, in the units of the drawing, and what it says."""

    x: str
    y: str
    width: str
    height: str
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and its word."""

    at: str
    word: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing: bars or a band, the ticks of both axes, and rows that say the same."""

    bars: tuple[Bar, ...]
    band: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_left: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def histogram(block: Histogram, heads: tuple[str, str, str]) -> Chart:
    """Return a histogram as bars."""
    edges, counts = block.edges, block.counts
    low, high = edges[0], edges[-1]
    least, most = min(0.0, *counts), max(0.0, *counts)
    ground = _up(0.0, least, most)
    bars = []
    for number, count in enumerate(counts):
        left, right = _across(edges[number], low, high), _across(edges[number + 1], low, high)
        top = _up(count, least, most)
        text = f"{word(edges[number])} {DASH} {word(edges[number + 1])}: {word(count)}"
        height = abs(ground - top)
        wide = max(0.5, right - left - (1 if right - left > 3 else 0))
        bars.append(Bar(_f(left), _f(min(top, ground)), _f(wide), _f(height), text))
    rows = tuple(
        (word(edges[at]), word(edges[at + 1]), word(count)) for at, count in enumerate(counts)
    )
    return _chart((tuple(bars), ""), (low, high), (least, most), heads, rows)


def curve(block: Curve, heads: tuple[str, str, str]) -> Chart:
    """Return a curve as the band between the least and the greatest of each part."""
    lows, highs, count = block.lows, block.highs, len(block.lows)
    if not count:
        return _chart(((), ""), (0.0, 1.0), (0.0, 1.0), heads, ())
    least, most = min(lows), max(highs)
    if least == most:
        least, most = least - 1, most + 1
    end = float(max(1, count - 1))
    above = [f"{_f(_across(at, 0, end))},{_f(_up(v, least, most))}" for at, v in enumerate(highs)]
    below = [f"{_f(_across(at, 0, end))},{_f(_up(v, least, most))}" for at, v in enumerate(lows)]
    part = block.length / count
    rows = tuple(
        (f"{int(at * part):,}", word(low), word(high))
        for at, (low, high) in enumerate(zip(lows, highs, strict=True))
    )
    span = (0.0, float(max(1, block.length - 1)))
    return _chart(((), " ".join([*above, *reversed(below)])), span, (least, most), heads, rows)


def _chart(
    drawn: tuple[tuple[Bar, ...], str],
    across: tuple[float, float],
    up: tuple[float, float],
    heads: tuple[str, str, str],
    rows: tuple[tuple[str, ...], ...],
) -> Chart:
    return Chart(
        *drawn,
        tuple(Tick(_f(_across(at, *across)), word(at)) for at in _ticks(*across)),
        tuple(Tick(_f(_up(at, *up)), word(at)) for at in _ticks(*up)),
        heads,
        rows[:MAX_ROWS],
        max(0, len(rows) - MAX_ROWS),
    )


def _across(value: float, low: float, high: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * _share(value, low, high)


def _up(value: float, low: float, high: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * _share(value, low, high)


def _share(value: float, low: float, high: float) -> float:
    """Return where a value lies between two; halves, since a difference may pass a double."""
    whole = high / 2 - low / 2
    return min(1.0, max(0.0, (value / 2 - low / 2) / whole)) if whole > 0 else 0.0


def _ticks(low: float, high: float) -> Sequence[float]:
    """Return some round numbers between two."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low]
    step = 10.0 ** math.floor(math.log10(span / TICKS))
    step = next((step * n for n in (1, 2, 5, 10) if span / (step * n) <= TICKS + 1), step * 10)
    if not step or not math.isfinite(low / step):
        return [low, high]
    first = math.ceil(low / step)
    places = [(first + n) * step for n in range(TICKS + 3)]
    return [round(place, 12) for place in places if place <= high]


def word(value: float) -> str:
    """Return a number as short as it may be."""
    if value == int(value) if math.isfinite(value) else False:
        return f"{value:,.0f}" if abs(value) < 1e7 else f"{value:.4g}"
    return f"{value:.4g}"


def _f(value: float) -> str:
    return f"{value:.1f}"
