"""What a provider has to tell and doesn't: found out before an account is made, said in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from accounts import released
from accounts.groups import text_of
from accounts.id_tokens import Proven, SignInRefused
from accounts.models import Institution
from vre_portal.config import get_config
from vre_portal.logs import request_id


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that was not told: in words, and by the name of the attribute."""

    words: str
    attribute: str


class AttributesMissing(SignInRefused):
    """The sign-in works, but the institution keeps back what the site requires."""

    def __init__(self, missing: list[Missing], *, source: str, error_url: str) -> None:
        told = " and ".join(one.words for one in missing)
        super().__init__("attributes", f"{source} did not tell the portal {told}.")
        self.missing = missing
        self.source = source
        self.error_url = error_url


def check_required(proven: Proven, *, hint: str) -> None:
    """Refuse a sign-in that lacks a claim which the provider's entry requires.

    Raises
    ------
    AttributesMissing
        With everything that is missing, and whose help desk can mend it.
    """
    provider = proven.provider
    missing = [
        Missing(released.in_words(field), released.CLAIMS[field][1])
        for field in provider.required_claims
        if not text_of(proven.claims, getattr(provider.claims, field))
    ]
    if not missing:
        return
    chosen = Institution.objects.filter(provider=provider.slug, hint=hint).first() if hint else None
    raise AttributesMissing(
        missing,
        source=chosen.name if chosen else provider.name,
        error_url=error_url(chosen.error_url) if chosen else "",
    )


def error_url(template: str) -> str:
    """Return an institution's error page with what happened filled in (REFEDS errorURL 1.0)."""
    filled = {
        "ERRORURL_CODE": "IDENTIFICATION_FAILURE",
        "ERRORURL_TS": str(int(datetime.now(UTC).timestamp())),
        "ERRORURL_RP": get_config().public_url,
        "ERRORURL_TID": request_id.get(),
        "ERRORURL_CTX": "attributes missing",
    }
    for placeholder, value in filled.items():
        template = template.replace(placeholder, quote(value, safe=""))
    return template if template.startswith("https://") else ""
