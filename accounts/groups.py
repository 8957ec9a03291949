"""Groups, entitlements and assurance from a provider's claims, whatever else stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from accounts.providers import Provider

MAX_VALUES = 500
MAX_GROUP = 200
MAX_ENTITLEMENT = 400
#: AARC-G069: <namespace>:group:<group>[:<subgroup>]*[:role=<role>]#<authority>
_ENTITLEMENT = re.compile(
    r"^urn:[^#]+?:group:(?P<path>[^#]+?)(?::role=(?P<role>[^:#]+))?#(?P<authority>[^#]+)$"
)


def groups_of(provider: Provider, claims: Mapping[str, Any]) -> list[str]:
    """Return the groups that a provider's claims tell, sorted.

    Plain ones come from the claims for groups; an AARC-G069 entitlement counts when its authority
    is on the provider's list, and its group is then ``group/subgroup``.
    """
    plain = {
        name for name in values_of(claims, provider.claims.groups) if not name.startswith("urn:")
    }
    told = {_group(value) for value in entitlements_of(provider, claims)}
    return sorted(name[:MAX_GROUP] for name in plain | told if name)


def entitlements_of(provider: Provider, claims: Mapping[str, Any]) -> list[str]:
    """Return the entitlements whose authority the site believes, sorted."""
    names = (*provider.claims.entitlements, *provider.claims.groups)
    return sorted(
        {
            value
            for value in values_of(claims, names)
            if (match := _ENTITLEMENT.match(value))
            and match["authority"] in provider.group_authorities
            and len(value) <= MAX_ENTITLEMENT
        }
    )


def _group(entitlement: str) -> str:
    match = _ENTITLEMENT.match(entitlement)
    path = match["path"] if match else ""
    return "/".join(unquote(part) for part in path.split(":")).replace("\x00", "")


def values_of(claims: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return the texts of these claims, each a text or a list of texts; other things are left."""
    return list(_texts(claims, names))[:MAX_VALUES]


def _texts(claims: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        told = claims.get(name)
        values = told if isinstance(told, list) else [told]
        # PostgreSQL holds no NUL.
        yield from (v for v in values if isinstance(v, str) and v and "\x00" not in v)


def text_of(claims: Mapping[str, Any], names: tuple[str, ...], *, limit: int = 200) -> str:
    """Return the first text among these claims, without NUL and cut; empty when there is none."""
    for name in names:
        value = claims.get(name)
        if isinstance(value, str) and (text := value.replace("\x00", "").strip()):
            return text[:limit]
    return ""
