"""A text that an address holds: a filter of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from vre_portal.errors import InvalidRequest

MAX_TEXT = 250


def text_of(query: Mapping[str, Any], key: str) -> str:
    """Return a part of an address; raises `InvalidRequest` for one that is too long."""
    text = str(query.get(key, "")).strip()
    if len(text) > MAX_TEXT or "\x00" in text:
        raise InvalidRequest(_("%(key)s: this is too long.") % {"key": key}, field=key)
    return text
