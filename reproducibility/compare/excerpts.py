"""Two lines that differ, each as the part around where they do."""

from __future__ import annotations

#: Characters of a line that are quoted, from a few before the first that differs.
SHOWN, BEFORE = 60, 20


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
