"""Reading a file by ranges: what a format module gets, with a small cache of blocks before it."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import Protocol

BLOCK = 64 * 1024
KEPT_BLOCKS = 256
#: From this length on a range is read as it is asked for.
EXACT = 4096


class Reader(Protocol):
    """A file that is read by ranges."""

    @property
    def size(self) -> int:
        """Its bytes."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range, fewer only at the end of the file."""
        ...


class Blocks:
    """Another reader: small ranges come from whole blocks, asked for once while they are kept."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    @property
    def size(self) -> int:
        """The file's bytes."""
        return self._reader.size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range, fewer only at the end of the file."""
        end = min(offset + length, self.size)
        if offset < 0 or offset >= end:
            return b""
        first, last = offset // BLOCK, (end - 1) // BLOCK
        held_already = all(number in self._kept for number in range(first, last + 1))
        # Whole rows of a large image, or baskets: what lies beside them is not wanted.
        if end - offset >= EXACT and not held_already:
            return self._reader.read_at(offset, end - offset)
        held = b"".join(self._blocks(first, last))
        return held[offset - first * BLOCK : end - first * BLOCK]

    def _blocks(self, first: int, last: int) -> list[bytes]:
        absent = [number for number in range(first, last + 1) if number not in self._kept]
        if absent:
            self._fetch(absent[0], absent[-1])
        found = [self._kept[number] for number in range(first, last + 1)]
        while len(self._kept) > KEPT_BLOCKS:
            self._kept.popitem(last=False)
        return found

    def _fetch(self, first: int, last: int) -> None:
        start = first * BLOCK
        held = self._reader.read_at(start, min((last + 1) * BLOCK, self.size) - start)
        for number in range(first, last + 1):
            begin = number * BLOCK - start
            self._kept.pop(number, None)
            self._kept[number] = held[begin : begin + BLOCK]


class Opened(io.RawIOBase):
    """A reader as a file object, for libraries that want one."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._place = reader, 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it has places."""
        return True

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._reader.size}[whence]
        if base + offset < 0:
            raise OSError("a place before the beginning")
        self._place = base + offset
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes."""
        left = max(0, self._reader.size - self._place)
        wanted = left if size is None or size < 0 else min(size, left)
        found = self._reader.read_at(self._place, wanted)
        self._place += len(found)
        return found

    def readinto(self, buffer: object) -> int:
        """Fill a buffer with the next bytes."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # as RawIOBase promises it
        found = self.read(len(view))
        view[: len(found)] = found
        return len(found)
