"""Values as they are written: numbers, sizes, moments, truths, texts."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime

from django.utils.translation import gettext as _

from data_mgmt.query import (
    CREATED,
    FILES,
    OPEN,
    SIZE,
    TYPE,
    UNITS,
    Field,
    Moment,
    Number,
    Text,
    Truth,
    Value,
)

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kKMGTP]i?B?|B)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?")
MOST_DIGITS = 40
TYPES = ("file", "dataset", "container")


def literal(text: str) -> Value:
    """Return what an unquoted value means where any kind of value may stand."""
    if text in {"true", "false"}:
        return Truth(text == "true")
    return _number(text) or _moment(text) or Text(text)


def value_for(field: Field, text: str, *, is_quoted: bool) -> Value:
    """Return a value beside a field.

    Raises
    ------
    ValueError
        The field takes another kind of value; the text says which.
    """
    if field.is_key:
        return Text(text) if is_quoted else literal(text)
    if field.name == SIZE:
        return _expected(_size(text), _("a size such as 500MB, 1.5GB or 1TiB"))
    if field.name == FILES:
        return _expected(_number(text), _("a number of files"))
    if field.name == CREATED:
        return _expected(_moment(text), _("a day such as 2026-01-31, or 2026-01-31T12:00"))
    if field.name == OPEN:
        truth = {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
        return _expected(None if truth is None else Truth(truth), _("yes or no"))
    if field.name == TYPE and text.lower() not in TYPES:
        raise ValueError(_("file, dataset or container"))
    return Text(text.lower() if field.name == TYPE else text)


def _expected(value: Value | None, words: str) -> Value:
    if value is None:
        raise ValueError(words)
    return value


def _number(text: str) -> Number | None:
    if len(text) > MOST_DIGITS or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    if not math.isfinite(value):
        return None
    return Number(int(text), text) if re.fullmatch(r"[+-]?\d+", text) else Number(value, text)


def _size(text: str) -> Number | None:
    found = _SIZE.fullmatch(text)
    if found is None or len(text) > MOST_DIGITS:
        return None
    amount, unit = found[1], found[2] or "B"
    # People write 1G, 1gb and 1K; what is meant is one of the units.
    wanted = unit if unit.endswith("B") else f"{unit}B"
    factor = {name.lower(): factor for name, factor in UNITS.items()}[wanted.lower()]
    size = round(float(amount) * factor)
    return Number(size, text.replace(" ", "")) if size < 2**63 else None


def _moment(text: str) -> Moment | None:
    try:
        if _DAY.fullmatch(text):
            return Moment(date.fromisoformat(text), text)
        if _MOMENT.fullmatch(text):
            at = datetime.fromisoformat(text)
            return Moment(at if at.tzinfo else at.replace(tzinfo=UTC), text.replace(" ", "T"))
    except ValueError:
        return None
    return None
