"""From where analyses are captured: each kind checks the wish at once, and is read by a worker.

What reads a session or a Git repository is registered by the composition: the apps that have them
are siblings of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _

from accounts.models import User
from reproducibility.capture.values import Found
from reproducibility.models import Capture, Source
from reproducibility.services.captures.gathering import Gathering
from vre_portal.errors import InvalidRequest

#: What a capture keeps of where it came from.
Origin = dict[str, Any]


class NotYet(Exception):
    """A source can't be read now but will be: `message` tells the person what it waits for."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.message, self.seconds = message, seconds


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that may be captured, with others of its `group`.

    `why_not` says why it can't be just now, `url` what helps.
    """

    key: str
    title: str
    group: str = ""
    why_not: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """What becomes of a source after the reading; a live `topic` says when it has changed."""

    text: str
    url: str
    topic: str = ""


class Kind(Protocol):
    """A kind of source."""

    def check(self, user: User, wish: Mapping[str, str]) -> Origin:
        """Return what to keep of a wish; `InvalidRequest` names its field, nothing long is done."""
        ...

    def gather(self, capture: Capture, gathering: Gathering) -> Found:
        """Read the files, for the capture's owner; done again after a crash.

        Raises
        ------
        NotYet
            Something has to be waited for; it is asked again then.
        """
        ...

    def forget(self, origin: Mapping[str, Any]) -> None:
        """Remove what was kept for the reading alone."""
        ...

    def choices(self, user: User) -> list[Choice]:
        """Return what a person has of it, for the form; empty where one has to type."""
        ...


_kinds: dict[str, Callable[[], Kind]] = {}
_asides: dict[str, Callable[[Capture], Aside | None]] = {}


def register(source: Source, make: Callable[[], Kind]) -> None:
    """Say how sources of a kind are read."""
    _kinds[source.value] = make


def tell_after(source: Source, tell: Callable[[Capture], Aside | None]) -> None:
    """Say what is told of sources of a kind once they are read."""
    _asides[source.value] = tell


def aside_of(capture: Capture) -> Aside | None:
    """Return what becomes of a capture's source after the reading, if anything does."""
    tell = _asides.get(capture.kind)
    return tell(capture) if tell else None


def kind_of(source: str, *, field: str = "kind") -> Kind:
    """Return a kind of source by its name.

    Raises
    ------
    InvalidRequest
        There is none of that name at this site.
    """
    if source not in _kinds:
        known = ", ".join(sorted(_kinds))
        words = _("Analyses are captured from one of: %(known)s.") % {"known": known}
        raise InvalidRequest(words, field=field)
    return _kinds[source]()
