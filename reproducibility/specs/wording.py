"""What REANA's schema refuses, in words that say what to write instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from jsonschema.exceptions import ValidationError

KINDS: Mapping[str, str] = {
    "string": "a text", "integer": "a whole number", "number": "a number",
    "boolean": "true or false", "array": "a list (lines that begin with a dash)",
    "object": "keys with values", "null": "nothing",
}  # fmt: skip


def reason(error: ValidationError) -> str:
    """Return one error of the schema as a sentence."""
    tell = _TOLD.get(str(error.validator))
    if tell is None:
        return f"{shown(error.instance)} can't stand here."
    return tell(error.validator_value, error.instance)


def unknown_keys(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Yield each key that the schema does not know, with a sentence about it."""
    schema: Any = error.schema
    found: Any = error.instance
    known = list(schema.get("properties") or ())
    for key in found:
        if key not in known:
            yield key, f"REANA does not know {shown(key)} here{_meant(str(key), known)}"


def shown(value: object) -> str:
    """Return a value as a sentence names it, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, skipkeys=True)
    return f"“{text[:57]}…”" if len(text) > 60 else f"“{text}”"


def _wrong_kind(allowed: Any, found: object) -> str:
    wanted = KINDS.get(str(allowed), str(allowed))
    if found is None:
        return f"Nothing stands here; write {wanted}, or remove the key."
    if allowed == "string" and isinstance(found, bool | int | float | date):
        return f"Put {shown(found)} into quotes: a text stands here."
    return f"This must be {wanted}."


def _missing(needed: Any, found: Any) -> str:
    missing = [name for name in needed if name not in found]
    return f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing."


def _empty(_least: Any, _found: object) -> str:
    return "There must be at least one entry."


def _long(most: Any, _found: object) -> str:
    return f"It is too long: at most {most:,}."


def _listed(names: Iterable[Any]) -> str:
    *most, last = [str(name) for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def _meant(key: str, known: list[str]) -> str:
    if close := get_close_matches(key, known, n=1):
        return f"; is {close[0]} meant?"
    return f": it knows {_listed(known)}." if known else "."


_TOLD: Mapping[str, Callable[[Any, Any], str]] = {
    "type": _wrong_kind,
    "required": _missing,
    "anyOf": lambda _all, _found: "The workflow needs type, and either specification or file.",
    "enum": lambda allowed, found: f"{shown(found)} is none of {_listed(allowed)}.",
    "minItems": _empty,
    "minProperties": _empty,
    "minLength": _empty,
    "maxItems": _long,
    "maxLength": _long,
    "uniqueItems": lambda _yes, _found: "An entry stands there twice.",
    "minimum": lambda least, _found: f"The least that can stand here is {least}.",
    "pattern": lambda _form, found: f"{shown(found)} does not have the form that REANA asks for.",
}
