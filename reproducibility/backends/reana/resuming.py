"""A file of a workspace to its end, over connections that break: each goes on where one ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

import requests

from reproducibility.backends.reana import rest
from reproducibility.backends.reana.refusals import NAME, SERVICE
from reproducibility.backends.values import BrokenOff
from vre_portal.errors import RangeNotSatisfiable, UpstreamTimeout, UpstreamUnavailable

#: So often one transfer may break; each time it waits so many seconds longer than the last time.
MOST_BREAKS, PAUSE_SECONDS = 5, 1.0
#: RFC 9110, 14.4: the first byte that is answered, and of how many.
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")

#: Asks for a file from a byte on; with a tag only while the file still has that one.
Ask = Callable[[int, str], requests.Response]


@dataclass(frozen=True, slots=True)
class Part:
    """Which bytes of which file an answer holds: from `first` on, of the file's `size` bytes."""

    tag: str
    first: int
    size: int | None

    @classmethod
    def of(cls, answer: requests.Response) -> Part:
        """Read what an answer says of itself."""
        tag = answer.headers.get("ETag", "")
        if answer.status_code == HTTPStatus.PARTIAL_CONTENT:
            found = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            return cls(tag, int(found[1]), int(found[2])) if found else cls("", 0, None)
        length = answer.headers.get("Content-Length", "")
        return cls(tag, 0, int(length) if length.isdecimal() else None)

    @property
    def can_go_on(self) -> bool:
        """Whether another answer can be told to be of the same file: weak tags don't tell."""
        return self.size is not None and self.tag.startswith('"')

    def is_same_file(self, other: Part) -> bool:
        """Whether both are of the same file in the same state."""
        return (self.tag, self.size) == (other.tag, other.size)


def pieces(
    answer: requests.Response, offset: int, ask: Ask, *, wait: Callable[[float], None]
) -> Iterator[bytes]:
    """Return the pieces of a file from `offset` on, where `answer` was the first to it.

    Raises
    ------
    BrokenOff
        The transfer broke too often, or the file is another one than it was before it broke.
    """
    began, at = Part.of(answer), offset
    breaks = 0
    # A partial answer that does not say so is taken to begin where it was asked to.
    skip = 0 if answer.status_code == HTTPStatus.PARTIAL_CONTENT else offset
    while True:
        try:
            for piece in rest.pieces(answer, skip=skip):
                at += len(piece)
                yield piece
        except BrokenOff:
            breaks += 1
            if breaks > MOST_BREAKS or not began.can_go_on:
                raise
        else:
            return
        answer, breaks = _again(ask, at, began.tag, breaks, wait)
        skip = at - _checked(answer, began, at).first


def _again(
    ask: Ask, at: int, tag: str, breaks: int, wait: Callable[[float], None]
) -> tuple[requests.Response, int]:
    """Ask for the rest until there is an answer; return it, and how often it broke until now."""
    while True:
        wait(PAUSE_SECONDS * (breaks - 1))
        try:
            return ask(at, tag), breaks
        except (UpstreamUnavailable, UpstreamTimeout):
            breaks += 1
            if breaks > MOST_BREAKS:
                raise
        except RangeNotSatisfiable as exc:
            raise _changed() from exc


def _checked(answer: requests.Response, began: Part, at: int) -> Part:
    """Return which bytes an answer holds, if they are of the same file, and none is left out."""
    found = Part.of(answer)
    if not began.is_same_file(found) or found.first > at:
        answer.close()
        raise _changed()
    return found


def _changed() -> BrokenOff:
    words = f"A file at {NAME} changed while it was read. Try again."
    return BrokenOff(words, service=SERVICE)
