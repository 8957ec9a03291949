"""Figures for a page: two rows of numbers as histograms, two pictures as their difference."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from reproducibility.compare.shown import short
from reproducibility.compare.values import MAX_BINS, MAX_PNG, HistogramFigure, ImageFigure

BINS = 50
#: Fewer values are better read one by one.
LEAST = 20
MAX_SIDE = 400


def histogram(where: str, recorded: Any, found: Any) -> HistogramFigure | None:
    """Return two rows of numbers counted in the same bins, or nothing where they are too few."""
    rows = [row[np.isfinite(row)] for row in (recorded, found)]
    both = np.concatenate(rows)
    if min(len(row) for row in rows) < LEAST:
        return None
    low, high = float(both.min()), float(both.max())
    if not np.isfinite(high - low) or high - low <= 1e-12 * max(abs(low), abs(high)):
        return None
    edges = np.linspace(low, high, BINS + 1)
    counts = [np.histogram(row, bins=edges)[0] for row in rows]
    return binned(where, edges, *counts)


def binned(where: str, edges: Any, recorded: Any, found: Any) -> HistogramFigure | None:
    """Return two histograms with given edges, neighbouring bins joined where there are many."""
    rows = [np.asarray(row, np.float64) for row in (edges, recorded, found)]
    if not len(rows[1]) or not all(bool(np.isfinite(row).all()) for row in rows):
        return None
    starts = np.arange(0, len(rows[1]), -(-len(rows[1]) // MAX_BINS))
    joined = [np.add.reduceat(row, starts) for row in rows[1:]]
    cut = np.append(rows[0][starts], rows[0][-1])
    before, after = map(_floats, joined)
    return HistogramFigure(short(where), _floats(cut), before, after)


def _floats(row: Any) -> tuple[float, ...]:
    """Return numbers with as many digits as a page can draw."""
    return tuple(float(f"{value:.7g}") for value in row)


def image(where: str, difference: Any) -> ImageFigure | None:
    """Return the differences of pixels, from 0 to 1, as a gray picture of bounded size."""
    drawn = Image.fromarray((np.sqrt(np.clip(difference, 0, 1)) * 255).astype(np.uint8))
    side = MAX_SIDE
    while True:
        drawn.thumbnail((side, side))
        held = io.BytesIO()
        drawn.save(held, "PNG")
        text = base64.b64encode(held.getvalue()).decode()
        if len(text) <= MAX_PNG:
            return ImageFigure(short(where), text, drawn.width, drawn.height)
        side //= 2
