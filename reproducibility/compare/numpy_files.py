"""npy and npz: arrays by name, part by part; nothing in them is made into an object."""

from __future__ import annotations

import io
import math
import zipfile
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from data_mgmt.previews.reading import Opened, Reader
from reproducibility.compare import records
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import TooLarge, Unreadable, both
from reproducibility.compare.tally import Tally

LATER = ("zlib", "bz2", "lzma", "encodings.cp437", "encodings.utf_8", "ast", "tokenize")
PIECE = 4 << 20
#: An array in the other order of axes is read as a whole.
MAX_TURNED = 64 << 20
MAX_MEMBERS = 10_000


class Held:
    """An array in a file, read from its beginning to its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        self.shape, self.turned, self.dtype = read(stream)
        if self.dtype.hasobject:
            raise Unreadable("it holds objects of Python")
        self.count = math.prod(self.shape)

    def all(self) -> Any:
        """Return the array with its values in the order of its axes."""
        if self.count * self.dtype.itemsize > MAX_TURNED:
            raise TooLarge
        order = "F" if self.turned else "C"
        return self.values(self.count).reshape(self.shape, order=order).ravel()

    def values(self, number: int) -> Any:
        """Return the next values in their order in the file."""
        length = number * self.dtype.itemsize
        parts = []
        while length:
            part = self._stream.read(length)
            if not part:
                raise Unreadable("it ends before its data does")
            parts.append(part)
            length -= len(part)
        return np.frombuffer(b"".join(parts), self.dtype, number)


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell how the arrays of two files differ."""
    if tally.format == "npy":
        _arrays("array", *each(_stream, recorded, found), tally)
        return
    before, after = both(_zip, recorded, found)
    names = each(_names, before, after)
    if max(map(len, names)) > MAX_MEMBERS:
        raise TooLarge
    for name in tally.keys(str, *names):
        _arrays(name, *both(_member, before, after, name), tally)


def _stream(file: Reader) -> io.BufferedReader:
    return io.BufferedReader(Opened(file))


def _zip(file: Reader) -> zipfile.ZipFile:
    return zipfile.ZipFile(Opened(file))


def _names(held: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in held.namelist()]


def _member(held: zipfile.ZipFile, name: str) -> IO[bytes]:
    stored = f"{name}.npy" if f"{name}.npy" in held.NameToInfo else name
    return held.open(stored)


def _arrays(
    where: str, recorded: IO[bytes], found: IO[bytes],
    tally: Tally,
) -> None:  # fmt: skip
    with recorded as one, found as other:
        before, after = both(Held, one, other)
        if before.shape != after.shape:
            tally.told(where, "length", before.shape, after.shape)
        elif before.turned == after.turned:
            _parts(where, before, after, tally)
        else:
            label = records.places(before.shape)
            records.compare(where, *both(Held.all, before, after), tally, label, tested=False)
        tally.settle()


def _parts(where: str, before: Held, after: Held, tally: Tally) -> None:
    most = max(1, PIECE // max(1, before.dtype.itemsize, after.dtype.itemsize))
    # Values in the other order of axes have their places from the last axis on.
    shape = before.shape[::-1] if before.turned else before.shape
    for begin in range(0, before.count, most):
        number = min(most, before.count - begin)
        rows = both(Held.values, before, after, number)
        label = records.places(shape, begin)
        records.compare(where, *rows, tally, label, tested=len(shape) == 1)
