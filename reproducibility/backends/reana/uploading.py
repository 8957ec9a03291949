"""The body of an upload: a file in pieces, of a length that was told before, and watched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from reproducibility.backends.reana.refusals import SERVICE
from reproducibility.backends.workspaces import Watch
from vre_portal.errors import InvalidRequest

#: Large enough to spend no time between pieces, small enough to hold many uploads at once.
PIECE = 1 << 20


class Body:
    """Just so many bytes of a stream, piece by piece; one piece is in memory at a time."""

    def __init__(self, content: BinaryIO, size: int, progress: Watch | None) -> None:
        self._content = content
        self._size = size
        self._progress = progress

    def __len__(self) -> int:
        """Return the length that REANA is told."""
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces, and tell the watcher after each that was taken."""
        sent = 0
        while sent < self._size:
            piece = self._piece(self._size - sent)
            yield piece
            sent += len(piece)
            if self._progress is not None:
                self._progress(sent)

    def _piece(self, left: int) -> bytes:
        try:
            piece = self._content.read(min(PIECE, left))
        except OSError as exc:
            raise _changed() from exc
        if not piece:
            # To end early would leave REANA waiting for the rest.
            raise _changed()
        return piece


def length_of(content: BinaryIO) -> int:
    """Return how many bytes a stream has still."""
    try:
        here = content.tell()
        end = content.seek(0, os.SEEK_END)
        content.seek(here)
    except OSError as exc:
        raise InvalidRequest("The size of what is uploaded must be told.", service=SERVICE) from exc
    return end - here


def _changed() -> InvalidRequest:
    return InvalidRequest(
        "The file could not be read to its end, or became shorter meanwhile. Try again.",
        service=SERVICE,
    )
