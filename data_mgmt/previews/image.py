"""Pictures: a small one of each, and what the file says of itself."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from PIL import Image

from data_mgmt.previews import plots
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Opened, Reader
from data_mgmt.previews.values import Block, Note, Pairs, Preview, Unreadable, said, told

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
LATER = (
    *(f"PIL.{name}ImagePlugin" for name in ("WebP", "Tiff", "Mpo")),
    *("PIL.ExifTags", "PIL.ImageSequence", "PIL.ImageMode", "PIL.ImageColor"),
)
MAX_PIXELS = 60_000_000
SHOWN_TAGS = {271: "Maker", 272: "Model", 305: "Software", 306: "Date", 270: "Description"}


def preview(file: Reader, _format: str, _options: Options) -> Preview:
    """Return a picture no larger than a page shows."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # the size is asked below, before a pixel is made
    opened = Image.open(Opened(file), formats=FORMATS)
    width, height = opened.size
    if width * height > MAX_PIXELS:
        text = "The picture has %(width)s by %(height)s pixels, which is more than a preview draws."
        raise Unreadable(said(text, width=width, height=height))
    kind, mode, frames = opened.format, opened.mode, getattr(opened, "n_frames", 1)
    opened.draft("RGB", (plots.MAX_SIDE * 2, plots.MAX_SIDE * 2))
    note = said("%(width)s by %(height)s pixels.", width=width, height=height)
    blocks: list[Block] = [plots.picture(_shown(opened), "Picture", "", note)]
    if frames > 1:
        blocks.append(Note(said("The first of %(n)s pictures in the file.", n=frames)))
    rows = (("Format", told(kind)), ("Colours", told(mode)), *_tags(opened))
    blocks.append(Pairs("About", rows))
    summary = said("%(kind)s, %(width)s by %(height)s", kind=kind, width=width, height=height)
    return Preview("image", summary, tuple(blocks))


def _shown(opened: Image.Image) -> Image.Image:
    if opened.mode.startswith("I") or opened.mode == "F":
        held = np.asarray(opened, dtype=np.float64)
        low, high = np.percentile(held[np.isfinite(held)], (0.5, 99.5))
        scaled = np.clip((held - low) / ((high - low) or 1.0), 0, 1)
        return Image.fromarray((np.nan_to_num(scaled) * 255).astype(np.uint8), "L")
    opened.thumbnail((plots.MAX_SIDE, plots.MAX_SIDE))
    return opened.convert("RGBA" if "A" in opened.getbands() else "RGB")


def _tags(opened: Any) -> tuple[tuple[str, str], ...]:
    try:
        tags = opened.getexif()
    except (OSError, ValueError, SyntaxError):
        return ()
    return tuple(
        (word, told(tags[number])) for number, word in SHOWN_TAGS.items() if number in tags
    )
