"""The first level of comparing: byte by byte, with where and how much two files differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from reproducibility.compare import Level, OutputVerdict

#: Characters of a line that are quoted, from a few before the first that differs.
SHOWN, BEFORE = 60, 20


@dataclass(frozen=True, slots=True)
class Found:
    """What a run gave: its checksum and size in bytes, and its beginning (mostly all of it)."""

    sha256: str
    size: int
    head: bytes

    @classmethod
    def read(cls, pieces: Iterable[bytes], *, keep: int) -> Self:
        """Read a file of any size with at most `keep` bytes of it in memory."""
        digest, size, head = sha256(), 0, bytearray()
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            head += piece[: keep - len(head)]
        return cls(digest.hexdigest(), size, bytes(head))


def compare(path: str, recorded: bytes, found: Found | None) -> OutputVerdict:
    """Return the verdict on one output; `found` is None where the run gave no such file."""
    expected = sha256(recorded).hexdigest()
    if found is None:
        return OutputVerdict(
            path, Level.MISSING, expected, detail="The run did not give this file."
        )
    if found.sha256 == expected:
        return OutputVerdict(path, Level.BIT_IDENTICAL, expected, expected, "No byte differs.")
    if found.size > len(found.head):
        detail = _sizes(len(recorded), found.size)
    else:
        detail = difference(recorded, found.head)
    return OutputVerdict(path, Level.DIFFERENT, expected, found.sha256, detail)


def difference(recorded: bytes, got: bytes) -> str:
    """Return in words how two files differ: the first line of texts, else the count of bytes."""
    try:
        before, after = recorded.decode(), got.decode()
    except UnicodeDecodeError:
        return _bytes(recorded, got)
    return _bytes(recorded, got) if "\0" in before + after else _lines(before, after)


def _lines(recorded: str, got: str) -> str:
    before, after = recorded.splitlines(), got.splitlines()
    pairs = enumerate(zip(before, after, strict=False), start=1)
    differing = [(number, old, new) for number, (old, new) in pairs if old != new]
    count = len(differing) + abs(len(before) - len(after))
    if not count:
        return "Only the ends of lines differ."
    if not differing:
        return f"{len(after)} lines instead of {len(before)}; the shared ones are equal."
    number, old, new = differing[0]
    old, new = excerpts(old, new)
    total = max(len(before), len(after))
    return f'{count} of {total} lines differ; line {number} was "{old}", is "{new}".'


def excerpts(old: str, new: str) -> tuple[str, str]:
    """Return the two lines around the first character that differs."""
    shared = next(
        (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other),
        min(len(old), len(new)),
    )
    start = max(0, shared - BEFORE) if max(len(old), len(new)) > SHOWN else 0
    return _excerpt(old, start), _excerpt(new, start)


def _excerpt(line: str, start: int) -> str:
    end = start + SHOWN
    return ("…" if start else "") + line[start:end] + ("…" if len(line) > end else "")


def _bytes(recorded: bytes, got: bytes) -> str:
    shared = sum(old != new for old, new in zip(recorded, got, strict=False))
    count = shared + abs(len(recorded) - len(got))
    words = f"{count:,} of {max(len(recorded), len(got)):,} bytes differ"
    if len(recorded) == len(got):
        return f"{words}."
    return f"{words}; {_sizes(len(recorded), len(got))}"


def _sizes(recorded: int, got: int) -> str:
    return f"{got:,} bytes instead of {recorded:,}."
