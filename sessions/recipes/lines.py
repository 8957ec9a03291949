"""The refusal of a line, and the limits of a list."""

from __future__ import annotations

from vre_portal.errors import InvalidRequest

MOST_LINES = 200
LONGEST_LINE = 500


def refused(name: str, number: int, why: str) -> InvalidRequest:
    """Return the error that names the file and the line."""
    return InvalidRequest(f"{name}, line {number}: {why}", field="text")


def hold_text(name: str, text: str) -> None:
    """Refuse what is no text, or text in UTF-16: the database keeps no zeros."""
    if "\x00" in text:
        raise InvalidRequest(f"{name} is not a text file.", field="text")


def shown(text: str) -> str:
    """Return a piece of somebody's line, short and printable."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text.strip())
    return clean if len(clean) <= 60 else f"{clean[:59]}…"
