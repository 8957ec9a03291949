"""The gallery of environments: which of them, found by what they hold, with what a card says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import User
from sessions import environment_words as words
from sessions import environments, services
from sessions.definitions import Environment
from sessions.services.capacity import Room


@dataclass(frozen=True, slots=True)
class GalleryCard:
    """One environment with what its card says."""

    environment: Environment
    kind: str
    logo: str
    why_not: str
    warning: str
    free: str
    usual: float | None


def cards(user: User, room: Room, *, query: str = "") -> list[GalleryCard]:
    """Return the cards of what is offered to a person and matches the query, word by word."""
    known = environments.told_of(user)
    titles = {each.slug: each.title for each in known}
    today = timezone.localdate()
    found = [each for each in known if not each.over(today) and _matches(each, query)]
    usual = services.usual_seconds_of(user, [each.slug for each in found])
    return [
        GalleryCard(
            environment=each,
            kind=words.kind_of(each),
            logo=words.logo_of(each),
            why_not=words.why_not(user, each, titles),
            warning=words.warning(each, titles),
            free=words.free(room, each),
            usual=usual.get(each.slug),
        )
        for each in found
    ]


def _matches(environment: Environment, query: str) -> bool:
    text = " ".join(_searched(environment)).casefold()
    return all(word in text for word in query.casefold().split())


def _searched(environment: Environment) -> Iterator[str]:
    yield from (environment.slug, environment.title, environment.description)
    yield words.kind_of(environment)
    yield from environment.packages
    yield from environment.extensions
    yield from (f"{name} {version}" for name, version in environment.versions.items())
