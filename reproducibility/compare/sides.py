"""The two files of a comparison in the cage, and which of them a fault is in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol, TypeVar

from data_mgmt.previews.reading import Reader
from reproducibility.compare.tally import Tally

Side = Literal["recorded", "found"]
T = TypeVar("T")
R = TypeVar("R")
#: What the worker has a word of its own for, whichever file it comes from.
_OWN = (MemoryError, RecursionError)


class Unreadable(Exception):
    """One of the files is not what it says; `reason`, which may be empty, is in our own words."""

    def __init__(self, reason: str = "", side: Side | None = None, fault: str = "") -> None:
        super().__init__(reason or fault)
        self.reason, self.side, self.fault = reason, side, fault


class TooLarge(Exception):
    """A file holds more in one piece than is compared."""


class Module(Protocol):
    """What a format's module has."""

    LATER: tuple[str, ...]

    def compare(self, recorded: Reader, found: Reader, tally: Tally) -> None:
        """Tell the tally how two files of the format differ."""
        ...


class Descriptor:
    """A file that was open before the cage was locked."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor, self._size = descriptor, size

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range, fewer only at the end of the file."""
        length = min(length, self._size - offset)
        if offset < 0 or length <= 0:
            return b""
        first = os.pread(self._descriptor, length, offset)
        if len(first) == length:
            return first
        parts = [first]
        while length := length - len(parts[-1]):
            offset += len(parts[-1])
            parts.append(os.pread(self._descriptor, length, offset))
            if not parts[-1]:
                break
        return b"".join(parts)


@contextmanager
def reading(side: Side) -> Iterator[None]:
    """Make whatever a library raises over a broken file a fault of this side."""
    try:
        yield
    except (*_OWN, TooLarge):
        raise
    except Unreadable as exc:
        raise Unreadable(exc.reason, exc.side or side, exc.fault) from exc
    # A library's many errors; their texts stay here.
    except Exception as exc:
        raise Unreadable("", side, f"{type(exc).__name__}: {exc}") from exc


def both(read: Callable[..., R], recorded: object, found: object, *more: object) -> tuple[R, R]:
    """Return the same read from both sides; a fault says on which side it is."""
    with reading("recorded"):
        before = read(recorded, *more)
    with reading("found"):
        after = read(found, *more)
    return before, after
