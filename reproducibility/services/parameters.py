"""The parameters of an analysis, and the values that somebody wants instead of the defaults."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from reproducibility.models import AnalysisVersion
from reproducibility.specs.dates import Dated, kind_of, load_marked
from vre_portal.errors import InvalidRequest

#: Whole numbers below this are numbers without a loss.
MOST_EXACT = 2**53
WORDS: Mapping[type, str] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a text",
    list: "a list", dict: "an object",
}  # fmt: skip


def parameters_of(version: AnalysisVersion) -> dict[str, Any]:
    """Return the parameters of the specification with their defaults, dates as texts."""
    specification = load_marked(version.specification) or {}
    return dict((specification.get("inputs") or {}).get("parameters") or {})


def checked_parameters(version: AnalysisVersion, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wanted values, each of the type of the specification's default.

    Raises
    ------
    InvalidRequest
        There is no such parameter, or the value is of another type.
    """
    defaults = parameters_of(version)
    for name in wanted:
        if name not in defaults:
            known = ", ".join(defaults) or "none"
            raise InvalidRequest(f"{name}: no such parameter; there are: {known}.", field=name)
    return {name: _checked(name, value, defaults[name]) for name, value in wanted.items()}


def changed(version: AnalysisVersion, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of checked values that are not the defaults: they make a variation."""
    defaults = parameters_of(version)
    return {name: value for name, value in wanted.items() if value != defaults[name]}


def _checked(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, Dated):
        return _checked_date(name, value, default)
    kind = type(default)
    if kind is float and type(value) is int and abs(value) < MOST_EXACT:
        value = float(value)
    if default is not None and type(value) is not kind:
        raise InvalidRequest(f"{name}: give {WORDS.get(kind, kind.__name__)}.", field=name)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequest(f"{name}: give a finite number.", field=name)
    _check_storable(name, value)
    return value


def _checked_date(name: str, value: Any, default: Dated) -> str:
    """Return a date as it was given, of a day or of a time as the default."""
    kind = kind_of(value) if isinstance(value, str) else None
    if kind is None or (default.kind and kind is not default.kind):
        such = f" such as {default}" if default.kind else ""
        raise InvalidRequest(f"{name}: give a date{such}.", field=name)
    return str(value)


def _check_storable(name: str, value: Any) -> None:
    """Refuse what JSON or PostgreSQL has no place for: NaN inside, NUL, halves of characters."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError as exc:
        raise InvalidRequest(f"{name}: this value can't be used.", field=name) from exc
    if "\\u0000" in text:
        raise InvalidRequest(f"{name}: this value can't be used.", field=name)
