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
from reproducibility.compare.leaf import Label
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import TooLarge, both
from reproducibility.compare.tally import Tally

Image.preinit()
LATER = (*_LATER, "PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.ImageChops", "PIL.ImagePalette")
MAX_PIXELS = 30_000_000
MAX_FRAMES = 100
#: About so many rows of a picture are compared at once.
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
    return opened


def _frame(where: str, before: Any, after: Any, tally: Tally) -> None:
    modes = each(_mode, before, after)
    if modes[0] != modes[1]:
        tally.told(where, "type", *modes)
        return
    width, height = before.size
    # A point of the figure is the most different of so many pixels across and down.
    joined = -(-max(width, height) // figures.MAX_SIDE)
    rows = joined * max(1, BAND // joined)
    differing, drawn = 0, []
    for top in range(0, height, rows):
        box = (0, top, width, min(top + rows, height))
        one, other = both(_band, before, after, box)
        differing += int(np.count_nonzero((one != other).any(axis=2)))
        label = _label(top, width, one.shape[2])
        tally.numbers(where, one.ravel(), other.ravel(), label, tested=False)
        drawn.append(_apart(one, other, joined))
    tally.settle(where, drawn=False)
    if differing:
        tally.note(f"{differing:,} of {height * width:,} pixels")
        whole = np.concatenate(drawn)
        tally.draw(figures.image(where, whole / (whole.max() or 1.0)))


def _mode(opened: Any) -> str:
    return f"{opened.mode} numbers" if opened.mode.startswith(_NUMBERS) else "colours"


def _band(opened: Any, box: tuple[int, int, int, int]) -> Any:
    """Return some rows of a picture: by row, column and channel."""
    band = opened.crop(box)
    if opened.mode.startswith(_NUMBERS):
        return np.asarray(band)[:, :, np.newaxis]
    return np.asarray(band.convert("RGBA"))


def _label(top: int, width: int, channels: int) -> Label:
    def label(at: int) -> str:
        row, column = divmod(at // channels, width)
        channel = f", {'RGBA'[at % channels]}" if channels > 1 else ""
        return f"[row {top + row}, column {column}{channel}]"

    return label


def _apart(one: Any, other: Any, joined: int) -> Any:
    """Return the largest difference of any channel among each few pixels across and down."""
    apart = np.nan_to_num(np.abs(other.astype(np.float32) - one), posinf=0.0).max(axis=2)
    for axis in (0, 1):
        apart = np.maximum.reduceat(apart, np.arange(0, apart.shape[axis], joined), axis=axis)
    return apart
