"""Roles from rules: the site says who gets which, and whoever no rule names gets none."""

from __future__ import annotations

from accounts.models import Identity, Role
from accounts.providers import Provider, RoleRule

#: REFEDS multi-factor authentication, as `acr` says it.
MFA = "https://refeds.org/profile/mfa"


def roles_of(provider: Provider, identity: Identity) -> list[str]:
    """Return the roles that the provider's rules give to an identity, sorted."""
    given = {rule.role for rule in provider.roles if _holds(rule, identity)}
    if needs_second_factor(provider, identity):
        given.discard(Role.OPERATOR.value)
    return sorted(given)


def needs_second_factor(provider: Provider, identity: Identity) -> bool:
    """Whether only a second factor keeps somebody from being operator, where there could be one."""
    meant = any(
        rule.role == Role.OPERATOR.value and _holds(rule, identity, but_acr=True)
        for rule in provider.roles
    )
    return meant and provider.mfa and identity.acr != MFA


def _holds(rule: RoleRule, identity: Identity, *, but_acr: bool = False) -> bool:
    """Whether every condition of a rule holds."""
    return (
        (not rule.group or rule.group in identity.groups)
        and (not rule.entitlement or rule.entitlement in identity.entitlements)
        and (not rule.assurance or rule.assurance in identity.assurance)
        and (but_acr or not rule.acr or rule.acr == identity.acr)
    )
