"""How many entries a ZIP lists, told from its end: readers keep the whole list in memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

#: APPNOTE.TXT 4.3.16, 4.3.15 and 4.3.14: the end, and what stands before it in ZIP64; 4.3.12: an
#: entry, of which the lengths of its name, extra field and comment count here.
END, END_MARK = struct.Struct("<4s4H2LH"), b"PK\5\6"
LOCATOR, LOCATOR_MARK = struct.Struct("<4sLQL"), b"PK\6\7"
END_64, END_64_MARK = struct.Struct("<4sQ2H2L4Q"), b"PK\6\6"
ENTRY, ENTRY_MARK = struct.Struct("<4s24x3H12x"), b"PK\1\2"
LONGEST_COMMENT = 1 << 16
#: Bytes of the list for an entry, its name and what tools write beside it.
ENTRY_BYTES = 1 << 10


@dataclass(frozen=True, slots=True)
class _Listed:
    """What an end claims: the entries, and where their list begins and how long it is, bytes."""

    entries: int
    start: int
    length: int


def has_more_entries(archive: BinaryIO, most: int) -> bool:
    """Whether a ZIP claims or lists more than so many entries, or has too long a list for them.

    No more than a KiB for each of them is read, whatever an end claims. What has no end that can
    be followed is left to whoever opens the archive.
    """
    return any(_is_longer(archive, listed, most) for listed in _ends(archive))


def _is_longer(archive: BinaryIO, listed: _Listed, most: int) -> bool:
    if listed.start < 0:
        return False
    if listed.entries > most or listed.length > most * ENTRY_BYTES:
        return True
    archive.seek(listed.start)
    return _counted(archive.read(listed.length), most) > most


def _ends(archive: BinaryIO) -> Iterator[_Listed]:
    """Yield each end that a reader may follow; versions of Python's differ in ZIP64."""
    size = archive.seek(0, os.SEEK_END)
    tail = _read(archive, max(0, size - LONGEST_COMMENT - END.size), size)
    end_at = size - len(tail) + _place_of_end(tail)
    end = _read(archive, end_at, end_at + END.size)
    if not end.startswith(END_MARK) or len(end) < END.size:
        return
    before = end_at - LOCATOR.size - END_64.size
    wide = {at: _end_64(archive, at) for at in (before, _located(archive, end_at))}
    yield from (each for each in wide.values() if each is not None)
    if wide[before] is None:
        entries, length = END.unpack(end)[4:6]
        yield _Listed(entries, end_at - length, length)


def _place_of_end(tail: bytes) -> int:
    """Return where the end is in the last bytes: at their end, else where its last mark is."""
    plain = len(tail) - END.size
    if tail[max(0, plain) :].startswith(END_MARK) and tail.endswith(b"\0\0"):
        return plain  # without a comment, though its numbers may look like one more mark
    return tail.rfind(END_MARK)


def _located(archive: BinaryIO, end_at: int) -> int:
    """Return where ZIP64's end is said to be; -1 where nothing says so."""
    locator = _read(archive, end_at - LOCATOR.size, end_at)
    if not locator.startswith(LOCATOR_MARK):
        return -1
    _mark, _disk, at, _disks = LOCATOR.unpack(locator)
    return int(at) if at < end_at else -1


def _end_64(archive: BinaryIO, at: int) -> _Listed | None:
    end = _read(archive, at, at + END_64.size)
    if not end.startswith(END_64_MARK) or len(end) < END_64.size:
        return None
    entries, length, _offset = END_64.unpack(end)[7:]
    return _Listed(entries, at - length, length)


def _read(archive: BinaryIO, start: int, end: int) -> bytes:
    """Return the bytes of a place; none where it begins before the file."""
    if start < 0:
        return b""
    archive.seek(start)
    return archive.read(end - start)


def _counted(directory: bytes, most: int) -> int:
    """Return how many entries a list has, up to one more than so many; it ends where it breaks."""
    count, at = 0, 0
    while count <= most and at + ENTRY.size <= len(directory):
        mark, *lengths = ENTRY.unpack_from(directory, at)
        if mark != ENTRY_MARK:
            break
        at += ENTRY.size + sum(lengths)
        count += 1
    return count
