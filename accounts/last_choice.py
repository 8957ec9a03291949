"""How somebody signed in last on this device: kept in a cookie, which they can have forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from django.http import HttpRequest, HttpResponse

from accounts import institutions, providers
from accounts.models import Institution
from accounts.providers import Provider
from vre_portal.config import get_config

LIFE_SECONDS = 180 * 24 * 3600
#: Longer cookies would crowd out others.
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider, and the institution behind it where one was chosen."""

    provider: Provider
    institution: Institution | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.institution.name if self.institution else self.provider.name

    @property
    def hint(self) -> str:
        """What leads the provider straight to the institution."""
        return self.institution.hint if self.institution else ""


def cookie_name() -> str:
    """Return the cookie's name."""
    return get_config().cookie_name("choice")


def of_request(request: HttpRequest) -> Choice | None:
    """Return the last choice, if it still leads somewhere."""
    told = unquote(request.COOKIES.get(cookie_name(), "")[:LONGEST])
    slug, _, entity_id = told.partition("|")
    provider = providers.registry().get(slug)
    if provider is None or not entity_id.isprintable():
        return None
    found = institutions.find(entity_id)
    return Choice(provider, found if found and found.provider == slug else None)


def remember(answer: HttpResponse, provider: Provider, hint: str) -> None:
    """Remember how somebody is about to sign in."""
    chosen = Institution.objects.filter(provider=provider.slug, hint=hint).first() if hint else None
    told = quote(f"{provider.slug}|{chosen.entity_id if chosen else ''}", safe="|:/")
    if len(told) <= LONGEST:
        answer.set_cookie(
            cookie_name(), told, max_age=LIFE_SECONDS, path="/", httponly=True, samesite="Lax",
            secure=get_config().is_https,
        )  # fmt: skip


def forget(answer: HttpResponse) -> None:
    """Remove the cookie."""
    answer.delete_cookie(cookie_name(), path="/", samesite="Lax")
