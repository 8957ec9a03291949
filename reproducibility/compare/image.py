"""Pictures: their size and pixels, whatever their compression and tags."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin  # noqa: F401 - to write by, later is too late

from data_mgmt.previews.image import FORMATS
from data_mgmt.previews.image import LATER as _LATER
from data_mgmt.previews.reading import Opened, Reader
from reproducibility.compare import figures
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import TooLarge, both
from reproducibility.compare.tally import Tally

Image.preinit()
LATER = (*_LATER, "PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.ImageChops", "PIL.ImagePalette")
MAX_PIXELS = 30_000_000
MAX_FRAMES = 100
#: Rows of a picture whose differences are in memory at once.
BAND = 256
#: Modes whose channels are no bytes: they are compared as the numbers that they are.
_NUMBERS = ("I", "F")


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell how many pixels differ and by how much."""
    pixels("pixels", recorded, found, tally)


def pixels(where: str, recorded: Reader, found: Reader, tally: Tally) -> None:
    """Compare two pictures, frame by frame."""
    before, after = both(_opened, recorded, found)
    if before.size != after.size:
        tally.told(where, "type", *each("{0.width} by {0.height}".format, before, after))
        return
    frames = getattr(before, "n_frames", 1), getattr(after, "n_frames", 1)
    if frames[0] != frames[1]:
        tally.told(f"{where} (frames)", "length", *frames)
    if max(frames) > MAX_FRAMES:
        raise TooLarge
    for number in range(min(frames)):
        name = where if max(frames) == 1 else f"{where} of frame {number}"
        _frame(name, *both(_at, before, after, number), tally)


def _opened(file: Reader) -> Any:
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # the size is asked below, before a pixel is made
    opened = Image.open(Opened(file), formats=FORMATS)
    if opened.width * opened.height > MAX_PIXELS:
        raise TooLarge
    return opened


def _at(opened: Any, frame: int) -> Any:
    if frame:
        opened.seek(frame)
    opened.load()
    numbers = opened.mode.startswith(_NUMBERS)
    return np.asarray(opened if numbers else opened.convert("RGBA"))


def _frame(where: str, before: Any, after: Any, tally: Tally) -> None:
    if before.shape != after.shape:
        tally.told(where, "type", *each(_mode, before, after))
        return
    width = before.shape[1]
    differing = 0
    for top in range(0, len(before), BAND):
        one, other = before[top : top + BAND], after[top : top + BAND]
        apart = one != other
        differing += int(np.count_nonzero(apart.any(axis=2) if apart.ndim == 3 else apart))
        label = _label(top, width, one.shape[2:])
        tally.numbers(where, one.ravel(), other.ravel(), label, tested=False)
    tally.settle(where, drawn=False)
    if differing:
        tally.note(f"{differing:,} of {before.shape[0] * width:,} pixels")
        tally.draw(figures.image(where, _apart(before, after)))


def _mode(pixels: Any) -> str:
    return f"{pixels.dtype} numbers" if pixels.ndim == 2 else "colours"


def _label(top: int, width: int, channels: tuple[int, ...]) -> Any:
    wide = channels[0] if channels else 1

    def label(at: int) -> str:
        row, column = divmod(at // wide, width)
        channel = f", {'RGBA'[at % wide]}" if channels else ""
        return f"[row {top + row}, column {column}{channel}]"

    return label


def _apart(before: Any, after: Any) -> Any:
    """Return the largest difference of any channel of each pixel, from 0 to 1."""
    bands = []
    for top in range(0, len(before), BAND):
        one, other = (each[top : top + BAND].astype(np.float32) for each in (before, after))
        apart = np.nan_to_num(np.abs(other - one), posinf=0.0)
        bands.append(apart.max(axis=2) if apart.ndim == 3 else apart)
    whole = np.concatenate(bands)
    return whole / (whole.max() or 1.0)
