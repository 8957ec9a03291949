"""What a caged worker says of two files, checked: it may have been taken over by one of them."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass

from pydantic import ConfigDict, TypeAdapter

from data_mgmt.previews.believed import PNG, cleaned
from reproducibility.compare import values
from reproducibility.compare.levels import Level
from reproducibility.compare.values import Comparison, Difference, HistogramFigure, ImageFigure

MAX_DETAIL = 1500
MAX_SIDE = 1000
_POSSIBLE = {
    Level.CONTENT_IDENTICAL,
    Level.NUMERICALLY_EQUAL,
    Level.STATISTICALLY_COMPATIBLE,
    Level.DIFFERENT,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker found of two contents."""

    level: Level
    detail: str
    comparison: Comparison


for _shape in (
    *(Told, Comparison, Difference, values.StatisticalTest),
    *(HistogramFigure, ImageFigure),
):
    # The adapter below reads it.
    setattr(  # noqa: B010
        _shape, "__pydantic_config__", ConfigDict(extra="forbid", allow_inf_nan=False)
    )
_TOLD: TypeAdapter[Told] = TypeAdapter(Told)


def told(said: object) -> Told:
    """Return what a worker found; raises ValueError when it makes no sense."""
    found = _TOLD.validate_python(cleaned(said))
    comparison = found.comparison
    good = found.level in _POSSIBLE and len(found.detail) <= MAX_DETAIL and found.detail != ""
    good = good and _short(comparison) and all(map(_figure, comparison.figures))
    good = good and all(0 <= test.p_value <= 1 for test in comparison.tests)
    if not good:
        raise ValueError("a comparison that is none")
    return found


def reason(said: object) -> str:
    """Return a worker's few words on a broken file, or nothing where it has none."""
    text = cleaned(said)
    return text if isinstance(text, str) and len(text) <= values.MAX_WHERE else ""


def _short(comparison: Comparison) -> bool:
    largest = (comparison.largest_absolute, comparison.largest_relative)
    differences = [each for each in (*comparison.differences, *largest) if each]
    places = [part.where for part in (*differences, *comparison.tests, *comparison.figures)]
    shown = [text for each in differences for text in (each.recorded, each.found)]
    return (
        len(comparison.format) <= 20
        and len(comparison.differences) <= values.MAX_DIFFERENCES
        and len(comparison.tests) <= values.MAX_TESTS
        and len(comparison.figures) <= values.MAX_FIGURES
        and len(comparison.ignored) <= values.MAX_DIFFERENCES
        and all(len(text) <= values.MAX_WHERE for text in (*places, *comparison.ignored))
        and all(len(text) <= values.MAX_VALUE for text in shown)
    )


def _figure(figure: values.Figure) -> bool:
    match figure:
        case HistogramFigure(edges=edges, recorded=before, found=after):
            bins = len(before)
            good = 0 < bins == len(after) == len(edges) - 1 <= values.MAX_BINS
            return good and all(map(math.isfinite, (*edges, *before, *after)))
        case ImageFigure(png=png, width=width, height=height):
            held = base64.b64decode(png, validate=True) if len(png) <= values.MAX_PNG else b""
            inside = 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE
            return held.startswith(PNG) and inside
