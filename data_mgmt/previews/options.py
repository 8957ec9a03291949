"""What one may ask of a preview: which part of the file, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

MAX_ROWS = 200
MAX_NUMBER = 100_000
MAX_NAME = 500
STRETCHES = ("asinh", "linear", "log")
SCALES = ("zscale", "percentile", "full")


class BadOption(ValueError):
    """An option has a value that no file has anything for."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(reason)
        self.option, self.reason = option, reason


@dataclass(frozen=True, slots=True)
class Options:
    """The options; each format takes those that mean something to it, empty is its own choice."""

    branch: str = ""
    hdu: str = ""
    stretch: str = "asinh"
    scale: str = "zscale"
    rows: int = 20
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Options:
        """Read them from texts; names that are no option are left alone.

        Raises
        ------
        BadOption
            A value is not one that the option takes.
        """
        return cls(
            branch=_name(query, "branch"),
            hdu=_hdu(query),
            stretch=_one_of(query, "stretch", STRETCHES),
            scale=_one_of(query, "scale", SCALES),
            rows=_number(query, "rows", default=20, most=MAX_ROWS),
            page=_number(query, "page", default=1, most=MAX_NUMBER),
        )

    def changed(self) -> dict[str, str]:
        """Return those that differ from their defaults, as an address has them."""
        usual = Options()
        return {
            each.name: str(getattr(self, each.name))
            for each in fields(self)
            if getattr(self, each.name) != getattr(usual, each.name)
        }


def _name(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if len(value) > MAX_NAME or "\0" in value:
        raise BadOption(name, f"It has at most {MAX_NAME} characters.")
    return value


def _one_of(query: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    value = query.get(name) or values[0]
    if value not in values:
        raise BadOption(name, f"It is one of: {', '.join(values)}.")
    return value


def _number(query: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        raise BadOption(name, f"It is a number from 1 to {most}.")
    return int(text)


def _hdu(query: Mapping[str, str]) -> str:
    text = query.get("hdu", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BadOption("hdu", "It is the number of a part of the file, from 0.")
    return str(int(text)) if text else ""
