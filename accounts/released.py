"""What a provider is asked to tell of a person, in words for before and after the sign-in."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.providers import ClaimField, Provider

#: What people call a claim that a site may require, and what their help desk calls it.
CLAIMS: Mapping[ClaimField, tuple[object, str]] = {
    "name": (gettext_lazy("your name"), "displayName or givenName and sn (scope profile)"),
    "email": (gettext_lazy("your e-mail address"), "mail (scope email)"),
    "institution": (gettext_lazy("your institution"), "schacHomeOrganization"),
}
#: The scopes that ask for each thing; a thing is shown once.
_GROUPS = frozenset({"groups", "wlcg.groups", "wlcg", "entitlements", "eduperson_entitlement",
                     "eduperson_scoped_affiliation"})  # fmt: skip
_ASSURANCE = frozenset({"eduperson_assurance", "aarc"})


def told_by(provider: Provider) -> list[str]:
    """Return what the provider is asked for, the identifier first."""
    asked = set(provider.scopes)
    things = [
        (True, _("an identifier of you")),
        ("profile" in asked, in_words("name")),
        ("email" in asked, in_words("email")),
        (bool(asked & _GROUPS), _("your groups")),
        (bool(asked & _ASSURANCE), _("how well it knows you")),
    ]
    return [words for wanted, words in things if wanted]


def needed_from(provider: Provider) -> list[str]:
    """Return what nobody gets in without, through this provider."""
    return [in_words(claim) for claim in provider.required_claims]


def in_words(claim: ClaimField) -> str:
    """Return what people call a claim."""
    return str(CLAIMS[claim][0])
