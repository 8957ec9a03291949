"""What a provider says of a person: OpenID Connect's claims and each federation's own."""

from __future__ import annotations

from collections.abc import Collection

from demo.iam.models import Person

#: Claim -> the scope that must be granted for it.
CLAIM_SCOPES = {
    "sub": "openid",
    "name": "profile",
    "preferred_username": "profile",
    "email": "email",
    "email_verified": "email",
    "wlcg.groups": "wlcg.groups",
    "eduperson_entitlement": "eduperson_entitlement",
    "voperson_id": "voperson_id",
    "eduperson_assurance": "voperson_id",
}
#: REFEDS RAF: unique identifier, documented identity, the whole "Cappuccino" profile.
ASSURANCE = [
    "https://refeds.org/assurance",
    "https://refeds.org/assurance/ID/unique",
    "https://refeds.org/assurance/IAP/medium",
    "https://refeds.org/assurance/profile/cappuccino",
]


def entitlement(group: str) -> str:
    """Return a group membership as AARC-G069 writes it."""
    return f"urn:mace:egi.eu:group:{group}:role=member#aai.egi.eu"


def all_claims(person: Person, slug: str) -> dict[str, object]:
    """Return every claim that the provider can make of a person."""
    claims: dict[str, object] = {
        "sub": person.subject,
        "name": person.name,
        "preferred_username": person.username,
        "email": person.email,
        "email_verified": bool(person.email),
    }
    if not person.email:  # an institute that releases nothing but an identifier
        claims = {"sub": person.subject}
    if slug == "escape":
        return {**claims, "wlcg.groups": list(person.groups)}
    return {
        **claims,
        "voperson_id": person.subject,
        "eduperson_entitlement": [entitlement(group) for group in person.groups],
        "eduperson_assurance": ASSURANCE,
    }


def released(claims: dict[str, object], scopes: Collection[str]) -> dict[str, object]:
    """Return the claims that the granted scopes release."""
    return {name: value for name, value in claims.items() if CLAIM_SCOPES[name] in scopes}
