"""What a session came from, such as a run: whoever has such things registers how they are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from sessions.services.repository_links import RepositoryLink
from vre_portal.errors import InvalidRequest

MAX_TEXT = 120
#: What a session keeps of it.
NOTED = ("kind", "id", "title", "url")


@dataclass(frozen=True, slots=True)
class Origin:
    """A thing that sessions are opened from, and what a session from it needs."""

    kind: str
    id: str
    title: str
    url: str
    datasets: tuple[str, ...] = ()
    repository: RepositoryLink | None = None
    environment: str = ""

    @property
    def key(self) -> str:
        """How links and the API name it."""
        return f"{self.kind}:{self.id}"

    def as_state(self) -> dict[str, str]:
        """Return it as a session's row keeps it."""
        return {"kind": self.kind, "id": self.id, "title": self.title, "url": self.url}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Origin | None:
        """Return what a session's row names, None when it came from nothing."""
        if not state.get("kind"):
            return None
        kind, key, title, url = (str(state.get(name, "")) for name in NOTED)
        return cls(kind, key, title, url)


#: Finds a thing by its id for one user, or raises `NotFound` when they may not see it.
Resolver = Callable[[User, str], Origin]
_resolvers: dict[str, Resolver] = {}


def register(kind: str, resolver: Resolver) -> None:
    """Say how things of a kind are found."""
    _resolvers[kind] = resolver


def resolve(user: User, key: str) -> Origin:
    """Return what `kind:id` names.

    Raises
    ------
    InvalidRequest
        There is no such kind.
    NotFound
        There is no such thing, or the user may not see it.
    """
    kind, _colon, found = key.partition(":")
    if kind not in _resolvers or not found or len(key) > MAX_TEXT:
        known = ", ".join(f"{name}:<id>" for name in sorted(_resolvers))
        raise InvalidRequest(
            _("A session can't come from '%(key)s'. Give one of: %(known)s.")
            % {"key": key[:60], "known": known},
            field="origin",
        )
    return _resolvers[kind](user, found)
