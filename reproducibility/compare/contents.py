"""The first level of comparing: byte by byte, with where and how much two files differ."""

from __future__ import annotations

from hashlib import sha256

from reproducibility.compare import Level, OutputVerdict

SHOWN = 60


def compare(path: str, recorded: bytes, got: bytes | None) -> OutputVerdict:
    """Return the verdict on one output; `got` is None where the run gave no such file."""
    expected = sha256(recorded).hexdigest()
    if got is None:
        return OutputVerdict(
            path, Level.MISSING, expected, detail="The run did not give this file."
        )
    found = sha256(got).hexdigest()
    if found == expected:
        return OutputVerdict(path, Level.BIT_IDENTICAL, expected, found, "No byte differs.")
    return OutputVerdict(path, Level.DIFFERENT, expected, found, difference(recorded, got))


def difference(recorded: bytes, got: bytes) -> str:
    """Return in words how two files differ: the first line of texts, else the count of bytes."""
    try:
        return _lines(recorded.decode(), got.decode())
    except UnicodeDecodeError:
        return _bytes(recorded, got)


def _lines(recorded: str, got: str) -> str:
    before, after = recorded.splitlines(), got.splitlines()
    differing = [
        number
        for number, (old, new) in enumerate(zip(before, after, strict=False), start=1)
        if old != new
    ]
    count = len(differing) + abs(len(before) - len(after))
    if not differing:
        return f"{len(after)} lines instead of {len(before)}."
    first = differing[0]
    old, new = before[first - 1].strip()[:SHOWN], after[first - 1].strip()[:SHOWN]
    return f'{count} of {len(before)} lines differ; line {first} was "{old}", is "{new}".'


def _bytes(recorded: bytes, got: bytes) -> str:
    shared = sum(old != new for old, new in zip(recorded, got, strict=False))
    count = shared + abs(len(recorded) - len(got))
    sizes = (
        "" if len(recorded) == len(got) else f"; {len(got):,} bytes instead of {len(recorded):,}"
    )
    return f"{count:,} of {len(recorded):,} bytes differ{sizes}."
