"""Groups and roles from a provider's claims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from accounts.models import Role
from accounts.providers import Provider

MAX_GROUPS = 200
#: AARC-G069: <namespace>:group:<group>[:<subgroup>]*[:role=<role>]#<authority>
_ENTITLEMENT = re.compile(
    r"^urn:[^#]+?:group:(?P<path>[^#]+?)(?::role=(?P<role>[^:#]+))?#(?P<authority>[^#]+)$"
)


def groups_of(provider: Provider, claims: Mapping[str, Any]) -> list[str]:
    """Return the groups that a provider's claims tell, plain paths or AARC-G069 entitlements."""
    told = claims.get(provider.groups_claim)
    names = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    found = (_group(provider, name) for name in names if isinstance(name, str))
    return sorted({name for name in found if name})[:MAX_GROUPS]


def _group(provider: Provider, name: str) -> str:
    if not name.startswith("urn:"):
        return name[:200]
    match = _ENTITLEMENT.match(name)
    if match is None:
        return ""
    if provider.group_authorities and match["authority"] not in provider.group_authorities:
        return ""
    return match["path"].replace(":", "/")[:200]


def roles_of(provider: Provider, groups: Iterable[str]) -> list[str]:
    """Return the roles that the provider's rules give to these groups; member for everybody."""
    given = {role for group, role in provider.roles if group in set(groups)}
    return sorted({Role.MEMBER.value} | (given & set(Role.values)))
