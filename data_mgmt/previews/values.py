"""What a preview is made of: a closed set of frozen blocks that a page draws and the API tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

#: Raised whenever a preview comes out different: what was kept of older ones is not used again.
VERSION = 1
MAX_TEXT = 200
#: What stands for no value, between the two ends of a range, and between lengths.
NOTHING = DASH = "\N{EN DASH}"
TIMES = " \N{MULTIPLICATION SIGN} "


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of ours with values put into it, so that a page can translate it."""

    text: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def said(text: str, **values: object) -> Said:
    """Return a sentence; ``%(name)s`` in it stands for a value."""
    return Said(text, {name: told(value) for name, value in values.items()})


def told(value: object, most: int = MAX_TEXT) -> str:
    """Return a short text for any value: numbers grouped, long texts cut."""
    if isinstance(value, int) and not isinstance(value, bool):
        # Python refuses to write very long whole numbers, and nobody reads them.
        return f"{value:,}" if abs(value) < 10**30 else f"{float(value):.6g}"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence on its own."""

    text: Said
    tone: Literal["info", "wait", "bad"] = "info"
    kind: Literal["note"] = "note"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names and values, such as a header; `about` is what of the file they are of."""

    title: str
    rows: tuple[tuple[str, str], ...]
    about: str = ""
    note: Said = field(default_factory=Said)
    kind: Literal["pairs"] = "pairs"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and whether it holds numbers."""

    name: str
    type: str = ""
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    about: str = ""
    note: Said = field(default_factory=Said)
    kind: Literal["table"] = "table"

    @property
    def numeric_places(self) -> tuple[int, ...]:
        """Where the columns of numbers are."""
        return tuple(at for at, column in enumerate(self.columns) if column.numeric)


@dataclass(frozen=True, slots=True)
class Node:
    """A line of a tree; `value` is what the tree's option is set to for a closer look at it."""

    depth: int
    name: str
    type: str = ""
    detail: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree, line by line from its root; `option` is set by choosing a line."""

    title: str
    nodes: tuple[Node, ...]
    option: str = ""
    current: str = ""
    note: Said = field(default_factory=Said)
    kind: Literal["tree"] = "tree"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as PNG in base 64."""

    title: str
    png: str
    width: int
    height: int
    about: str = ""
    note: Said = field(default_factory=Said)
    kind: Literal["picture"] = "picture"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts in bins whose edges are given: one more edge than there are bins."""

    title: str
    edges: tuple[float, ...]
    counts: tuple[float, ...]
    about: str = ""
    note: Said = field(default_factory=Said)
    kind: Literal["histogram"] = "histogram"


@dataclass(frozen=True, slots=True)
class Curve:
    """A row of numbers: the least and the greatest of each equal part of it."""

    title: str
    length: int
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    about: str = ""
    note: Said = field(default_factory=Said)
    kind: Literal["curve"] = "curve"


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it stands in the file."""

    title: str
    text: str
    about: str = ""
    note: Said = field(default_factory=Said)
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Choice:
    """An option with the values that it may have here: value and word."""

    option: str
    label: str
    current: str
    values: tuple[tuple[str, str], ...]
    kind: Literal["choice"] = "choice"


Block = Note | Pairs | Table | Tree | Picture | Histogram | Curve | Text | Choice


@dataclass(frozen=True, slots=True)
class Preview:
    """What a format shows of a file: a sentence, then blocks."""

    format: str
    summary: Said
    blocks: tuple[Block, ...]


class Refused(Exception):
    """An option has a value that this file has nothing for."""

    def __init__(self, option: str, reason: Said) -> None:
        super().__init__(reason.text)
        self.option, self.reason = option, reason


class Unreadable(Exception):
    """The file is not what it says, or holds what no preview can show; the sentence says what."""

    def __init__(self, reason: Said) -> None:
        super().__init__(reason.text)
        self.reason = reason


class TooMuch(Exception):
    """More bytes would have to be read than a preview may."""


def plain(value: Any) -> Any:
    """Return a value of this module as what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return value
