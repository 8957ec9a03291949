"""Values of files as short texts without losing a digit."""

from __future__ import annotations

from typing import Any

from reproducibility.compare.values import MAX_VALUE, MAX_WHERE


def shown(value: object, most: int = MAX_VALUE) -> str:
    """Return any value as a text of bounded length; numbers as they read back the same."""
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "size", 2) == 1:
        value = _plain(value)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, bytes):
        value = value[: most * 4].decode("utf-8", "replace")
    if isinstance(value, str):
        return short(value, most)
    return short(repr(value), most)


def _plain(value: Any) -> object:
    # A long double has no number of Python that holds it: its text does.
    return str(value) if str(value.dtype).startswith(("float128", "longdouble")) else value.item()


def short(text: str, most: int = MAX_WHERE) -> str:
    """Return a text no longer than so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
