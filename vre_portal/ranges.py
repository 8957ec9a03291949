"""The part of a file that a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=\s*(\d{0,30})\s*-\s*(\d{0,30})\s*", re.IGNORECASE)


class NotSatisfiable(Exception):
    """The range begins behind the end."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to, without, `end`."""

    start: int
    end: int


def span_of(header: str, size: int) -> Span | None:
    """Return the bytes that a Range header asks for; None is for the whole.

    Several ranges, other units and what is no range at all may be answered with the whole.
    """
    found = _ONE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1 if found[2] else size)
        if found[2] and int(found[2]) < start:
            return None
    if start >= end:
        raise NotSatisfiable
    return Span(start, end)
