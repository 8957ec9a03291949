"""A ZIP that is written while it is sent: stored, with zip64, and nothing of it kept."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from io import RawIOBase
from typing import IO, Self

#: The same files make the same ZIP, whenever it is made.
LONG_AGO = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16
HEADER, HEADER_ZIP64, DESCRIPTOR, RECORD, END, END_ZIP64 = 30, 20, 24, 46, 22, 56 + 20
FEW, SMALL = 0xFFFF, zipfile.ZIP64_LIMIT


class _Sink(RawIOBase):
    """Takes what the library writes, until it is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:  # type: ignore[override]  # the library writes bytes
        self._parts.append(bytes(part))
        return len(part)

    def writable(self) -> bool:
        return True

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class ZipOut:
    """Each method returns the bytes to send next; a file begins before it goes on."""

    _file: IO[bytes] | None = None

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        """Let go of what was given up in its middle."""
        if self._file is not None:
            self._file.close()
        self._zip.close()

    def begin(self, path: str) -> bytes:
        """Begin a file."""
        info = zipfile.ZipInfo(path, LONG_AGO)
        info.external_attr = READABLE
        self._file = self._zip.open(info, "w", force_zip64=True)
        return self._sink.take()

    def add(self, chunk: bytes) -> bytes:
        """Go on with the file."""
        if self._file is not None:
            self._file.write(chunk)
        return self._sink.take()

    def end(self) -> bytes:
        """End the file."""
        if self._file is not None:
            self._file.close()
        return self._sink.take()

    def close(self) -> bytes:
        """End the ZIP; without this no program takes it for a whole one."""
        self._zip.close()
        return self._sink.take()


def length_of(files: Iterable[tuple[str, int]]) -> int:
    """Return how long the ZIP of some files (path, bytes) gets."""
    at = records = count = 0
    for path, size in files:
        name = len(path.encode())
        wide = 2 * (size > SMALL) + (at > SMALL)
        records += RECORD + name + (4 + 8 * wide if wide else 0)
        at += HEADER + name + HEADER_ZIP64 + size + DESCRIPTOR
        count += 1
    is_large = count > FEW or at > SMALL or records > SMALL
    return at + records + (END_ZIP64 if is_large else 0) + END
