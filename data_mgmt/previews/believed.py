"""What a worker says, checked: it may have been taken over by the file that it read."""

from __future__ import annotations

import base64
import math
import re
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from data_mgmt.previews import values as shapes
from data_mgmt.previews.values import Curve, Histogram, Picture, Preview, Said, Table

MAX_BINS = 2000
MAX_SIDE = 4000
PNG = b"\x89PNG\r\n\x1a\n"
_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
_SHAPES = (
    *(Said, Preview, shapes.Note, shapes.Pairs, shapes.Column, Table, shapes.Node, shapes.Tree),
    *(Picture, Histogram, Curve, shapes.Text, shapes.Choice),
)
for _shape in _SHAPES:
    setattr(_shape, "__pydantic_config__", _STRICT)  # noqa: B010 - the adapters below read it
_PREVIEW: TypeAdapter[Preview] = TypeAdapter(Preview)
_SAID: TypeAdapter[Said] = TypeAdapter(Said)
#: Controls, and marks that turn the direction of text around: what they hide is shown as a hole.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def preview(said: object) -> Preview:
    """Return a preview; raises ValueError when it is none."""
    found = _PREVIEW.validate_python(cleaned(said))
    for block in found.blocks:
        _check(block)
    return found


def sentence(said: object) -> Said:
    """Return a sentence; raises ValueError when it is none."""
    return _SAID.validate_python(cleaned(said))


def cleaned(value: Any) -> Any:
    """Return what JSON holds with all its texts safe to be shown."""
    if isinstance(value, str):
        return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [cleaned(each) for each in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(each) for key, each in value.items()}
    return value


def _check(block: shapes.Block) -> None:
    match block:
        case Histogram(edges=edges, counts=counts):
            good = len(edges) == len(counts) + 1 and 0 < len(counts) <= MAX_BINS
            good = good and all(map(math.isfinite, (*edges, *counts)))
        case Curve(lows=lows, highs=highs):
            good = len(lows) == len(highs) <= MAX_BINS and all(map(math.isfinite, (*lows, *highs)))
        case Table(columns=columns, rows=rows):
            good = all(len(row) == len(columns) for row in rows)
        case Picture(png=png, width=width, height=height):
            held = base64.b64decode(png, validate=True)
            good = held.startswith(PNG) and 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE
        case _:
            good = True
    if not good:
        raise ValueError(f"a {block.kind} that is none")
