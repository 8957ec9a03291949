"""Two columns that come in parts of their own lengths, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reproducibility.compare.sides import Side, reading

#: So many rows are handed on at once.
MOST = 1 << 18


def aligned(recorded: Iterator[Any], found: Iterator[Any]) -> Iterator[tuple[int, Any, Any]]:
    """Return parts of two columns of the same rows, and from which row on they are.

    Where one column ends before the other, the parts of the longer one come with empty ones.
    """
    streams = _blamed(recorded, "recorded"), _blamed(found, "found")
    before: Any = next(streams[0], None)
    after: Any = next(streams[1], None)
    begin = 0
    while before is not None or after is not None:
        one = after[:0] if before is None else before
        other = before[:0] if after is None else after
        shared = min(MOST, min(len(one), len(other)) or max(len(one), len(other)))
        yield begin, one[:shared], other[:shared]
        begin += shared
        before = None if before is None else _rest(before, shared, streams[0])
        after = None if after is None else _rest(after, shared, streams[1])


def _rest(held: Any, gone: int, stream: Iterator[Any]) -> Any:
    rest = held[gone:]
    return rest if len(rest) else next(stream, None)


def _blamed(parts: Iterator[Any], side: Side) -> Iterator[Any]:
    """Return the parts that are not empty; a fault on the way is one of this side."""
    while True:
        with reading(side):
            part = next(parts, None)
        if part is None:
            return
        if len(part):
            yield part
