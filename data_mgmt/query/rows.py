"""A query as rows of field, operator and value, for a form; only what is all AND has rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from data_mgmt.query import (
    FIELDS,
    NAME,
    RESERVED,
    Compare,
    Exists,
    Field,
    Node,
    Not,
    OneOf,
    Text,
    Value,
    Word,
    conjuncts,
    quoted,
)

HAS, IN, EXISTS, MISSING = "has", "in", "exists", "missing"
OPERATORS = ("=", "!=", "~", HAS, ">=", "<=", ">", "<", IN, EXISTS, MISSING)
_PLAIN = re.compile(r"[^\s()\",\\]+")
_KEY = re.compile(r"[^\s()\"=<>!~,:\\]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One condition as a form holds it; a field in quotes is a key of metadata."""

    field: str
    operator: str
    value: str


def rows_of(node: Node) -> list[Row] | None:
    """Return a query's rows; None where it has OR, or parentheses, or more than a row can say."""
    found = [_row(part) for part in conjuncts(node)]
    rows = [row for row in found if row is not None]
    return rows if len(rows) == len(found) else None


def text_of(rows: Iterable[Row]) -> str:
    """Return the text of rows; those without a value are left out. It may be no query yet."""
    return " ".join(filter(None, map(_text, rows)))


def _row(part: Node) -> Row | None:
    if isinstance(part, Word):
        return Row(NAME, HAS, part.text)
    if isinstance(part, Exists):
        return Row(_field(part.field), EXISTS, "")
    if isinstance(part, Not) and isinstance(part.part, Exists):
        return Row(_field(part.part.field), MISSING, "")
    if isinstance(part, Compare):
        return Row(_field(part.field), str(part.op), _value(part.value))
    if isinstance(part, OneOf):
        return Row(_field(part.field), IN, ", ".join(map(str, part.values)))
    return None


def _field(field: Field) -> str:
    return quoted(field.name) if field.is_key and field.name in FIELDS else field.name


def _value(value: Value) -> str:
    """Return a value as people type it: quotes only where it would be another value without."""
    if isinstance(value, Text) and str(value) != value.value and not _PLAIN.fullmatch(value.value):
        plain = value.value == value.value.strip() and '"' not in value.value and value.value
        return value.value if plain and "\\" not in value.value else str(value)
    return str(value)


def _text(row: Row) -> str:
    field, value = row.field.strip(), row.value.strip()
    name = field if _is_quoted(field) or _is_bare(field) else quoted(field)
    if row.operator in {EXISTS, MISSING} and field:
        return f"{name} exists" if row.operator == EXISTS else f"NOT {name} exists"
    if not value:
        return ""
    if row.operator == HAS:
        starred = _written(f"*{_unquoted(value)}*")
        return str(Word(_unquoted(value))) if field in {"", NAME} else f"{name}~{starred}"
    if row.operator == IN:
        return f"{name} in ({', '.join(_listed(value))})"
    return f"{name}{row.operator}{_written(value)}"


def _is_bare(field: str) -> bool:
    return bool(_KEY.fullmatch(field)) and field not in RESERVED


def _listed(value: str) -> list[str]:
    parts = re.findall(r'"(?:[^"\\]|\\.)*"|[^,]+', value)
    return [_written(part.strip()) for part in parts if part.strip()]


def _written(value: str) -> str:
    return value if _is_quoted(value) or _PLAIN.fullmatch(value) else quoted(value)


def _is_quoted(text: str) -> bool:
    return bool(re.fullmatch(r'"(?:[^"\\]|\\.)*"', text, re.DOTALL))


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if _is_quoted(text) else text
