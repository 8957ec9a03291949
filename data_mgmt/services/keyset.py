"""A part of a list that comes in no order: the next rows after a key, and where it goes on."""

from __future__ import annotations

import heapq
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

from django.utils.translation import gettext as _

from vre_portal.errors import InvalidRequest

T = TypeVar("T")
#: What orders a row: of the same shape for all rows, with something unique at its end.
Key: TypeAlias = tuple[float | str, ...]


def cut(
    rows: Iterable[T], key: Callable[[T], Key], *, limit: int, cursor: str = ""
) -> tuple[list[T], str]:
    """Return the `limit` rows with the smallest keys after a cursor, and the next cursor.

    Raises
    ------
    InvalidRequest
        The cursor is not one of this list; `field` says so.
    """
    after = _read(cursor) if cursor else None
    rest = (row for row in rows if after is None or _is_behind(key(row), after))
    found = heapq.nsmallest(limit + 1, rest, key=key)
    more = _write(key(found[limit - 1])) if len(found) > limit else ""
    return found[:limit], more


def _is_behind(key: Key, after: Key) -> bool:
    if [isinstance(part, str) for part in key] != [isinstance(part, str) for part in after]:
        raise _unusable()
    return key > after


def _write(key: Key) -> str:
    return urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(cursor: str) -> Key:
    try:
        key = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as exc:
        raise _unusable() from exc
    if not isinstance(key, list) or any(type(part) not in {str, int, float} for part in key):
        raise _unusable()
    return tuple(key)


def _unusable() -> InvalidRequest:
    return InvalidRequest(_("cursor: use the one from the last page."), field="cursor")
