"""Numbers as histograms, curves and pictures of a bounded size."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin  # noqa: F401 - to write by, later is too late

from data_mgmt.previews.values import Curve, Histogram, Picture, Said

Image.preinit()
#: What numpy imports when it is first used so.
LATER = ("numpy.ma", "numpy.rec", "numpy.char", "numpy.strings", "numpy.random")
BINS = 50
POINTS = 300
MAX_SIDE = 640
MAX_PNG = 500_000


def histogram(values: Any, title: str, about: str = "", note: Said | None = None) -> Histogram:
    """Return numbers counted in bins; whole numbers of a small range get a bin each."""
    held = np.asarray(values)
    if held.dtype.kind == "b":
        held = held.astype(np.int8)
    held = held[np.isfinite(held)] if held.dtype.kind == "f" else held
    if not held.size:
        return Histogram(title, (0.0, 1.0), (0.0,), about, note or Said())
    low, high = float(held.min()), float(held.max())
    if held.dtype.kind in "iu" and high - low < BINS:
        edges = np.arange(low, high + 2) - 0.5
    else:
        # The width may be more than a double holds; halves are not.
        if not np.isfinite(high - low):
            held, low, high = held / 2, low / 2, high / 2
        edges = np.linspace(low, high if high > low else low + (abs(low) or 1.0), BINS + 1)
    counts, edges = np.histogram(held, bins=edges)
    return Histogram(title, _floats(edges), _floats(counts), about, note or Said())


def curve(values: Any, title: str, about: str = "", note: Said | None = None) -> Curve:
    """Return a row of numbers, least and greatest of each part."""
    held = np.asarray(values)
    held = held.astype(np.float64)
    parts = np.array_split(held, min(POINTS, held.size)) if held.size else []
    lows, highs = [], []
    for part in parts:
        finite = part[np.isfinite(part)]
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    return Curve(title, int(held.size), tuple(lows), tuple(highs), about, note or Said())


def gray(values: Any, title: str, about: str, note: Said | None = None) -> Picture:
    """Return numbers from 0 to 1 in two dimensions as a gray picture; what is none is black."""
    held = np.nan_to_num(np.clip(values, 0.0, 1.0), nan=0.0)
    return picture(Image.fromarray((held * 255).astype(np.uint8), "L"), title, about, note)


def picture(
    image: Image.Image, title: str, about: str, note: Said | None = None, *, side: int = MAX_SIDE
) -> Picture:
    """Return a picture as PNG, no longer than a bounded side."""
    image.thumbnail((side, side))
    held = _png(image)
    if len(held) > MAX_PNG:
        held = _png(image.convert("RGB").quantize(64))
    while len(held) > MAX_PNG:
        image = image.resize((max(1, image.width // 2), max(1, image.height // 2)))
        held = _png(image)
    png = base64.b64encode(held).decode()
    return Picture(title, png, image.width, image.height, about, note or Said())


def _png(image: Image.Image) -> bytes:
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
