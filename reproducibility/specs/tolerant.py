"""Parts of a document that may have any shape: what does not fit counts as empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: object) -> Mapping[Any, Any]:
    """Return a mapping, empty where the value is none."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """Return a list, empty where the value is none."""
    return value if isinstance(value, list) else []


def at(value: object, *keys: str) -> Any:
    """Return what stands below some keys, None where one of them is not there."""
    for key in keys:
        value = mapping(value).get(key)
    return value


def texts(value: object) -> list[str]:
    """Return the texts of a list, without what is no text."""
    return [each for each in items(value) if isinstance(each, str)]
