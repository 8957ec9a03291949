"""What used a DID: each app above this one that opens or reads data registers how it finds that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from data_mgmt.backends import Did

#: How many of a kind a page shows.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Use:
    """Something of which a person may know that used a DID: its state is one of its own kind."""

    kind: str
    title: str
    url: str
    at: datetime
    state: str = ""


#: Given who asks and the DID: at most `SHOWN` uses that they may see, the newest first.
Finder = Callable[[User, Did], Iterable[Use]]
_finders: dict[str, Finder] = {}


def register(kind: str, finder: Finder) -> None:
    """Let uses of a kind be found; the kind registered first stands first."""
    _finders[kind] = finder


def uses_of(user: User, did: Did) -> dict[str, list[Use]]:
    """Return what used a DID by kind, as far as the user may see it."""
    found = {kind: [*finder(user, did)] for kind, finder in _finders.items()}
    return {kind: uses for kind, uses in found.items() if uses}
