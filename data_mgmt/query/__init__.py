"""What one searches for: a tree of conditions, and their one text form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

#: Fields that are Rucio's own; any other word before an operator is a key of metadata.
SCOPE, NAME, TYPE, SIZE, FILES, ACCOUNT, OPEN, CREATED = (
    "scope", "name", "type", "size", "files", "account", "open", "created",
)  # fmt: skip
FIELDS = frozenset({SCOPE, NAME, TYPE, SIZE, FILES, ACCOUNT, OPEN, CREATED})
TEXTS = frozenset({SCOPE, NAME, TYPE, ACCOUNT})
RESERVED = frozenset({"AND", "OR", "NOT"})
_BARE = re.compile(r"[^\s()\"'=<>!~,:\\]+")
#: How sizes are written, in bytes.
UNITS = {
    "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50,
}  # fmt: skip


class Op(StrEnum):
    """How a field is compared."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    LIKE = "~"


ORDERED = frozenset({Op.LT, Op.LE, Op.GT, Op.GE})


@dataclass(frozen=True, slots=True)
class Field:
    """What is compared: one of `FIELDS`, or a key of metadata."""

    name: str
    is_key: bool

    def __str__(self) -> str:
        return quoted(self.name) if self.is_key and self.name in FIELDS else _key(self.name)


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or a size; the text is as it was written."""

    value: int | float
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, or a moment in UTC."""

    value: date | datetime
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false."""

    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True)
class Text:
    """A text; quoted where it would be read as something else."""

    value: str

    def __str__(self) -> str:
        return quoted(self.value) if needs_quotes(self.value) else self.value


Value: TypeAlias = Number | Moment | Truth | Text


@dataclass(frozen=True, slots=True)
class Compare:
    """A field beside a value."""

    field: Field
    op: Op
    value: Value

    def __str__(self) -> str:
        colon = not self.field.is_key and self.field.name in TEXTS
        starred = isinstance(self.value, Text) and "*" in self.value.value
        if colon and (self.op is Op.LIKE if starred else self.op is Op.EQ):
            return f"{self.field}:{self.value}"
        return f"{self.field}{self.op}{self.value}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field whose value is one of several."""

    field: Field
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{self.field} in ({', '.join(map(str, self.values))})"


@dataclass(frozen=True, slots=True)
class Exists:
    """A key that has a value."""

    field: Field

    def __str__(self) -> str:
        return f"{self.field} exists"


@dataclass(frozen=True, slots=True)
class Word:
    """A part of a name; with a star, where it stands counts."""

    text: str

    def __str__(self) -> str:
        reserved = self.text in RESERVED or self.text.lower() in {"in", "exists"}
        return self.text if _BARE.fullmatch(self.text) and not reserved else quoted(self.text)


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    part: Node

    def __str__(self) -> str:
        inner = str(self.part)
        return f"NOT ({inner})" if isinstance(self.part, And | Or) else f"NOT {inner}"


@dataclass(frozen=True, slots=True)
class And:
    """All of it must hold; nothing in it holds always."""

    parts: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return " ".join(_inside(part, Or, And) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """One of it must hold."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(_inside(part, Or) for part in self.parts)


Leaf: TypeAlias = Compare | OneOf | Exists | Word
Node: TypeAlias = Leaf | Not | And | Or


def conjuncts(node: Node) -> tuple[Node, ...]:
    """Return the parts all of which must hold."""
    return node.parts if isinstance(node, And) else (node,)


def both(first: Node, second: Node) -> Node:
    """Return what holds where both do."""
    parts = (*conjuncts(first), *conjuncts(second))
    return parts[0] if len(parts) == 1 else And(parts)


def leaves(node: Node) -> list[Leaf]:
    """Return each condition of a query."""
    if isinstance(node, Not):
        return leaves(node.part)
    if isinstance(node, And | Or):
        return [leaf for part in node.parts for leaf in leaves(part)]
    return [node]


def keys(node: Node) -> set[str]:
    """Return the keys of metadata that a query names."""
    fields = (leaf.field for leaf in leaves(node) if not isinstance(leaf, Word))
    return {field.name for field in fields if field.is_key}


def needs_quotes(text: str) -> bool:
    """Whether a value would be read as something else, or as several, without quotes."""
    from data_mgmt.query.values import literal  # noqa: PLC0415 - it knows these classes

    return not _BARE.fullmatch(text) or text in RESERVED or not isinstance(literal(text), Text)


def quoted(text: str) -> str:
    """Return a text in quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _key(name: str) -> str:
    reserved = name in RESERVED or name.lower() in {"in", "exists"}
    return name if _BARE.fullmatch(name) and not reserved else quoted(name)


def _inside(part: Node, *kinds: type) -> str:
    return f"({part})" if isinstance(part, kinds) else str(part)
