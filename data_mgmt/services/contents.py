"""What is in a collection, part by part in the order of names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from django.core.cache import cache

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import DataBackend, Did, DidInfo, DidType, FileEntry, get_backend
from data_mgmt.services.catalogue import REMEMBER_SECONDS, SERVICE, cache_key
from vre_portal.budget import Budget
from vre_portal.errors import PortalError

SHOWN_FILES = 200
SHOWN_CHILDREN = 100
#: How long a page that has waited in vain asks once more.
GLANCE = 0.1
Row = TypeVar("Row", DidInfo, FileEntry)


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """Rows by name, the name after which it goes on, and why they are those of an earlier time."""

    items: tuple[Row, ...]
    next: str = ""
    problem: str = ""


class Smallest(Generic[Row]):
    """Keeps the rows with the smallest names of a list in any order, each name once."""

    def __init__(self, count: int, *, after: str = "") -> None:
        self._count, self._after = count, after
        self._rows: dict[str, Row] = {}
        self._bound = ""

    def add(self, name: str, row: Row) -> None:
        """Take a row unless enough smaller ones are here."""
        if name <= self._after or (self._bound and name >= self._bound):
            return
        self._rows[name] = row
        if len(self._rows) >= 4 * self._count:
            self._cut()

    def rows(self) -> tuple[Row, ...]:
        """Return what was kept, by name."""
        self._cut()
        return tuple(self._rows.values())

    def _cut(self) -> None:
        names = sorted(self._rows)[: self._count]
        self._bound = names[-1] if len(names) == self._count else ""
        self._rows = {name: self._rows[name] for name in names}


def files(
    user: User, did: Did, *, after: str = "", limit: int = SHOWN_FILES, seconds: float | None = None
) -> Part[FileEntry]:
    """Return files below a DID, those after a name; the whole list is read, and none of it kept.

    While Rucio does not answer in a page's time, or in `seconds`, they are those of the last time.

    Raises
    ------
    UpstreamTimeout
        The list is too long for a page: it streams.
    """
    return _known(
        user,
        f"files:{did}",
        lambda backend, who: _part(backend.each_file(who, did), after, limit),
        first=not after,
        seconds=seconds,
    )


def children(
    user: User,
    did: Did,
    *,
    after: str = "",
    limit: int = SHOWN_CHILDREN,
    seconds: float | None = None,
) -> Part[DidInfo]:
    """Return what is directly in a collection, those after a name, with sizes where known."""

    def question(backend: DataBackend, who: Credential) -> Part[DidInfo]:
        if backend.get_did(who, did).type is not DidType.CONTAINER:
            found = _part(backend.each_file(who, did), after, limit)
            return Part(tuple(map(_of_file, found.items)), found.next)
        part = _part(backend.each_child(who, did), after, limit)
        # Lists have no sizes of collections.
        known = {info.did: info for info in backend.get_dids(who, [row.did for row in part.items])}
        return Part(tuple(known.get(row.did, row) for row in part.items), part.next)

    return _known(user, f"children:{did}", question, first=not after, seconds=seconds)


def _of_file(file: FileEntry) -> DidInfo:
    return DidInfo(file.did, DidType.FILE, file.bytes, 1, adler32=file.adler32)


def _part(rows: Iterable[Row], after: str, limit: int) -> Part[Row]:
    kept: Smallest[Row] = Smallest(limit + 1, after=after)
    for row in rows:
        kept.add(str(row.did), row)
    found = kept.rows()
    more = str(found[limit - 1].did) if len(found) > limit else ""
    return Part(found[:limit], more)


def _known(
    user: User,
    what: str,
    question: Callable[[DataBackend, Credential], Part[Row]],
    *,
    first: bool,
    seconds: float | None,
) -> Part[Row]:
    credential = credential_for(user, SERVICE)
    backend = get_backend()
    key = cache_key(f"part:{user.pk}", what)
    try:
        part = Budget(SERVICE, seconds).ask(lambda: question(backend, credential)).get()
    except PortalError as exc:
        known: Part[Row] | None = cache.get(key) if first and exc.retryable else None
        if known is None:
            raise
        return replace(known, problem=exc.message)
    if first:
        cache.set(key, part, REMEMBER_SECONDS)
    return part
