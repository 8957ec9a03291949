"""From a query to one expression of the database: values are parameters, never parts of the SQL.

Each condition reads a key by the kind of its value: numbers compare with numbers, moments with
texts that begin like one, texts with texts. What a row lacks is never equal and never less.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import singledispatch
from typing import Any

from django.db.models import BooleanField, DecimalField, F, Func, JSONField, TextField, Value
from django.db.models.expressions import Combinable

from data_mgmt.query import (
    CREATED,
    FILES,
    ORDERED,
    SIZE,
    And,
    Compare,
    Exists,
    Field,
    Moment,
    Node,
    Not,
    Number,
    OneOf,
    Op,
    Or,
    Text,
    Word,
)
from data_mgmt.query import OPEN as IS_OPEN

COLUMNS = {
    "scope": "scope", "name": "name", "type": "type", "account": "account",
    SIZE: "bytes", FILES: "files", CREATED: "created_at", IS_OPEN: "is_open",
}  # fmt: skip
OPPOSITES = {Op.NE: "<>"}


class Condition(Func):
    """Something that holds for a row or not, out of other expressions."""

    template = "(%(expressions)s)"
    output_field = BooleanField()

    def __init__(self, *parts: Combinable | Value, by: str) -> None:
        super().__init__(*parts, arg_joiner=f" {by} ")


class Otherwise(Func):
    """Whether a condition does not hold, also where nothing is known."""

    template = "((%(expressions)s) IS NOT TRUE)"
    output_field = BooleanField()


class Pair(Func):
    """Two columns that are compared as one."""

    template = "(%(expressions)s)"
    output_field = TextField()


def expression(node: Node) -> Combinable:
    """Return what the database is to find for a query."""
    return _of(node)


def behind(after: tuple[str, str], *, by: str = ">") -> Condition:
    """Return what stands behind a DID in the order of scope and name."""
    return Condition(Pair(F("scope"), F("name")), Pair(*map(_text, after)), by=by)


@singledispatch
def _of(node: Any) -> Combinable:
    raise TypeError(node)


@_of.register
def _(node: And) -> Combinable:
    return Condition(*map(_of, node.parts), by="AND") if node.parts else _always()


@_of.register
def _(node: Or) -> Combinable:
    return Condition(*map(_of, node.parts), by="OR")


@_of.register
def _(node: Not) -> Combinable:
    return Otherwise(_of(node.part))


@_of.register
def _(node: Word) -> Combinable:
    pattern = node.text if "*" in node.text else f"*{node.text}*"
    return Condition(F("name"), _text(_pattern(pattern)), by="ILIKE")


@_of.register
def _(node: Exists) -> Combinable:
    if node.field.is_key:
        return Condition(F("metadata"), _text(node.field.name), by="?")
    return Condition(_column(node.field), Value(None), by="IS DISTINCT FROM")


@_of.register
def _(node: OneOf) -> Combinable:
    equal = [_of(Compare(node.field, Op.EQ, value)) for value in node.values]
    return Condition(*equal, by="OR")


@_of.register
def _(node: Compare) -> Combinable:
    if node.op is Op.NE and node.field.is_key:
        return Condition(
            _of(Exists(node.field)),
            Otherwise(_of(Compare(node.field, Op.EQ, node.value))),
            by="AND",
        )
    if isinstance(node.value, Moment):
        return _at_moment(node.field, node.op, node.value)
    return _of_key(node) if node.field.is_key else _of_column(node)


def _of_column(node: Compare) -> Combinable:
    value, column = node.value, _column(node.field)
    if node.op is Op.LIKE and isinstance(value, Text):
        return Condition(column, _text(_pattern(value.value)), by="ILIKE")
    by = OPPOSITES.get(node.op, node.op.value)
    is_fraction = isinstance(value, Number) and isinstance(value.value, float)
    return Condition(column, Value(Decimal(str(value)) if is_fraction else value.value), by=by)


def _of_key(node: Compare) -> Combinable:
    key, value = node.field.name, node.value
    if node.op is Op.LIKE:
        return Condition(_read(key), _text(_pattern(str(value.value))), by="ILIKE")
    if node.op in ORDERED:
        if isinstance(value, Number):
            return Condition(_number(key), Value(Decimal(value.text), DecimalField()), by=node.op)
        return Condition(_read(key), _text(str(value.value)), by=node.op)
    if isinstance(value, Text):
        return _has(key, value.value)
    # Programs write numbers and truths as texts, too.
    return Condition(_has(key, value.value), _has(key, str(value)), by="OR")


def _at_moment(field: Field, op: Op, moment: Moment) -> Combinable:
    """Compare with a moment, or with a whole day."""
    first, behind_it = _span(moment)
    if field.is_key:
        column: Combinable = Func(
            F("metadata"), _text(field.name), function="indexed_moment", output_field=TextField()
        )
        first_value, last_value = _text(_iso(moment, first)), _text(_iso(moment, behind_it))
    else:
        column, first_value, last_value = F("created_at"), Value(first), Value(behind_it)
    if op in {Op.EQ, Op.NE}:
        within = Condition(
            Condition(column, first_value, by=">="), Condition(column, last_value, by="<"), by="AND"
        )
        return within if op is Op.EQ else Otherwise(within)
    by, value = {
        Op.LT: ("<", first_value),
        Op.LE: ("<", last_value),
        Op.GT: (">=", last_value),
        Op.GE: (">=", first_value),
    }[op]
    return Condition(column, value, by=by)


def _span(moment: Moment) -> tuple[datetime, datetime]:
    """Return the begin of a day or of a second, and of the next one."""
    value = moment.value
    if isinstance(value, datetime):
        return value, value + timedelta(seconds=1)
    begin = datetime.combine(value, time(), UTC)
    return begin, begin + timedelta(days=1)


def _iso(moment: Moment, at: datetime) -> str:
    if not isinstance(moment.value, datetime):
        return at.date().isoformat()
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _has(key: str, value: object) -> Combinable:
    return Condition(F("metadata"), Value({key: value}, JSONField()), by="@>")


def _number(key: str) -> Func:
    return Func(F("metadata"), _text(key), function="indexed_number", output_field=DecimalField())


def _read(key: str) -> Func:
    read = Func(F("metadata"), _text(key), arg_joiner=" ->> ", template="(%(expressions)s)")
    return Func(read, template='(%(expressions)s COLLATE "C")', output_field=TextField())


def _column(field: Field) -> F:
    return F(COLUMNS[field.name])


def _text(text: str) -> Value:
    return Value(text, TextField())


def _pattern(text: str) -> str:
    """Return a pattern with stars as one of the database."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")


def _always() -> Combinable:
    return Condition(Value(True), by="AND")
