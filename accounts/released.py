"""What a provider is asked to tell of a person, in words: said before anybody signs in there."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.providers import Provider

#: The scopes that ask for each thing; a thing is shown once.
_GROUPS = frozenset({"groups", "wlcg.groups", "wlcg", "entitlements", "eduperson_entitlement",
                     "eduperson_scoped_affiliation"})  # fmt: skip
_ASSURANCE = frozenset({"eduperson_assurance", "aarc"})


def told_by(provider: Provider) -> list[str]:
    """Return what the provider is asked for, the identifier first."""
    asked = set(provider.scopes)
    things = [
        (True, _("an identifier of you")),
        ("profile" in asked, _("your name")),
        ("email" in asked, _("your e-mail address")),
        (bool(asked & _GROUPS), _("your groups")),
        (bool(asked & _ASSURANCE), _("how well it knows you")),
    ]
    return [words for wanted, words in things if wanted]


def needed_from(provider: Provider) -> list[str]:
    """Return what nobody gets in without, through this provider."""
    words = {
        "name": _("your name"),
        "email": _("your e-mail address"),
        "institution": _("your institution"),
    }
    return [words[claim] for claim in provider.required_claims]
