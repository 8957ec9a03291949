"""Read scopes into the index: a slice at a time, by one worker a scope, and never twice for naught.

All names are read in parts. The bounds of a part are names that the index knows already, so that
a part is small however Rucio orders its answer, and a part that was read is never read again. A
DID that is missing from a part that came to its end is asked for by name before it is removed.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.credentials import Credential
from data_mgmt.backends import DataBackend, Did, get_backend
from data_mgmt.models_index import IndexedDid, IndexedScope, Wanted
from data_mgmt.services import index_keys, index_store
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, PortalError

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Rows in a transaction, names in a part, and the most that one question to Rucio returns.
BATCH = 5000
PART = 20_000
TAIL = 250_000
DETAILS = 1000
DESCRIBED = 250
SLICE_SECONDS = 20.0
LEASE = timedelta(minutes=3)
#: The clocks of portal and Rucio differ, and a transaction there is seen when it ends.
MARGIN = timedelta(minutes=5)
AFTER_PROBLEM = timedelta(minutes=2)
#: The task that brings DIDs up to date, and how long it is worth anything.
REFRESH = "data.refresh_index"
SOON_SECONDS = 60
EVER = datetime(1980, 1, 1, tzinfo=UTC)


class LeaseLost(Exception):
    """Another worker reads this scope: stop without touching anything."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A scope that this worker alone reads, with what it needs."""

    row: IndexedScope
    backend: DataBackend
    who: Credential
    deadline: float

    @property
    def is_over(self) -> bool:
        """Whether the slice has come to its end."""
        return time.monotonic() >= self.deadline


def find_scopes() -> int:
    """Note scopes that are new in Rucio; return how many."""
    backend = get_backend()
    scopes = backend.list_scopes(backend.service_credential())
    rows = [IndexedScope(scope=scope) for scope in scopes]
    before = IndexedScope.objects.count()
    IndexedScope.objects.bulk_create(rows, ignore_conflicts=True)
    return IndexedScope.objects.count() - before


def due(limit: int | None = None) -> list[str]:
    """Return scopes to be read now, the longest waiting first, as many as may be read at once."""
    now = timezone.now()
    held = IndexedScope.objects.filter(lease_until__gt=now).count()
    room = max(0, (limit or get_config().harvest_at_once) - held)
    free = IndexedScope.objects.filter(_free(now), next_at__lte=now).order_by("next_at")
    return [*free.values_list("scope", flat=True)[:room]]


def harvest(scope: str, *, seconds: float = SLICE_SECONDS, whole: bool = False) -> bool:
    """Read a scope for so long; True when nothing is left to be read now.

    `whole` begins to read all names again, even if they were read lately.
    """
    row = _take(scope)
    if row is None:
        return False
    backend = get_backend()
    try:
        who = backend.service_credential()
        reading = Reading(row, backend, who, time.monotonic() + seconds)
        is_done = _read(reading, whole=whole)
    except LeaseLost:
        log.warning("harvest of %s: lease lost", scope)
        return False
    except PortalError as exc:
        log.warning("harvest of %s: %s (cause: %r)", scope, exc.message, exc.__cause__)
        _release(row, problem=exc.message, next_at=timezone.now() + AFTER_PROBLEM)
        return False
    pause = timedelta(minutes=get_config().harvest_minutes or 10) if is_done else timedelta()
    _release(row, problem="", next_at=timezone.now() + pause)
    return is_done


def _read(reading: Reading, *, whole: bool) -> bool:
    row = reading.row
    before = (row.described_until, row.finished_at)
    if whole or row.started_at is None or _is_old(row):
        _begin(reading)
    if _is_under_way(row) and not _read_names(reading):
        return False
    _read_registered(reading)
    _read_described(reading)
    is_done = _read_details(reading)
    row.refreshed_at = timezone.now()
    if is_done or before != (row.described_until, row.finished_at):
        index_keys.summarise(row)
    _save(reading, "refreshed_at", "dids", "waiting", "keys")
    return is_done


def _is_under_way(row: IndexedScope) -> bool:
    return row.started_at is not None and (
        row.finished_at is None or row.finished_at < row.started_at
    )


def _is_old(row: IndexedScope) -> bool:
    old = timezone.now() - timedelta(hours=get_config().harvest_full_hours)
    return not _is_under_way(row) and (row.started_at or EVER) < old


def _begin(reading: Reading) -> None:
    row = reading.row
    row.generation += 1
    row.cursor, row.started_at = "", timezone.now()
    _save(reading, "generation", "cursor", "started_at")


def _read_names(reading: Reading) -> bool:
    """Read part after part; False when the slice is over before the names are."""
    row = reading.row
    while not reading.is_over:
        known = _names_behind(row)
        until = _bound(reading, known)
        expected = {name for name in known if until is None or name <= until}
        limit = TAIL if until is None and len(known) <= PART else None
        found = reading.backend.names_between(
            reading.who, row.scope, after=row.cursor, until=until, limit=limit
        )
        count = 0
        for batch in _batches(found):
            count += len(batch)
            expected.difference_update(info.did.name for info in batch)
            _commit(reading, partial(index_store.merge, batch))
        if limit is not None and count >= limit:
            continue  # cut by ourselves: what is known now gives the bounds of the next parts
        gone = _really_gone(reading, expected)
        _commit(reading, partial(_end_part, row, gone, until))
        if until is None:
            return True
    return False


def _names_behind(row: IndexedScope) -> list[str]:
    behind = IndexedDid.objects.filter(scope=row.scope, name__gt=row.cursor).order_by("name")
    return [*behind.values_list("name", flat=True)[: PART + 1]]


def _bound(reading: Reading, known: list[str]) -> str | None:
    if len(known) <= PART:
        return None
    return next((name for name in reversed(known) if reading.backend.may_bound(name)), None)


def _end_part(row: IndexedScope, gone: set[str], until: str | None) -> None:
    if gone:
        index_store.forget(row.scope, gone)
    changes: dict[str, Any] = {"cursor": until or ""}
    if until is None:
        changes["finished_at"] = timezone.now()
        changes["registered_until"] = row.started_at
        index_store.mark_open(row.scope)
    IndexedScope.objects.filter(pk=row.pk).update(**changes)
    for field, value in changes.items():
        setattr(row, field, value)


def _really_gone(reading: Reading, names: Iterable[str]) -> set[str]:
    """Return which names Rucio does not know: a list that lacks one may have been cut."""
    left = sorted(names)
    gone: set[str] = set()
    for start in range(0, len(left), DETAILS):
        part = [Did(reading.row.scope, name) for name in left[start : start + DETAILS]]
        told = reading.backend.details_of(reading.who, part, described=False)
        there = {each.info.did for each in told}
        gone |= {did.name for did in part if did not in there}
    return gone


def _read_registered(reading: Reading) -> None:
    row, now = reading.row, timezone.now()
    since = (row.registered_until or row.started_at or now) - MARGIN
    found = reading.backend.registered_since(reading.who, row.scope, since)
    for batch in _batches(found):
        _commit(reading, partial(index_store.merge, batch))
    row.registered_until = now
    _save(reading, "registered_until")


def _read_described(reading: Reading) -> None:
    row, now = reading.row, timezone.now()
    since = row.described_until - MARGIN if row.described_until else EVER
    try:
        for batch in _batches(reading.backend.described_since(reading.who, row.scope, since)):
            _commit(reading, partial(index_store.mark, batch))
    except InvalidRequest:
        log.info("harvest of %s: this Rucio has no free metadata", row.scope)
    row.described_until = now
    _save(reading, "described_until")


def _read_details(reading: Reading) -> bool:
    while not reading.is_over:
        waiting = IndexedDid.objects.filter(scope=reading.row.scope, wanted__gt=Wanted.NOTHING)
        rows = [*waiting.order_by("-wanted", "name")[:DETAILS].values_list("wanted", "name")]
        if not rows:
            return True
        described = rows[0][0] == Wanted.METADATA
        names = [name for wanted, name in rows if wanted == rows[0][0]]
        dids = [Did(reading.row.scope, name) for name in names[: DESCRIBED if described else None]]
        commit = partial(_commit, reading)
        refresh_rows(reading.who, dids, described=described, commit=commit)
    return False


def refresh_rows(
    who: Credential,
    dids: list[Did],
    *,
    described: bool,
    commit: Callable[[Callable[[], object]], None] | None = None,
) -> None:
    """Ask for DIDs by name and write what is told; those that are not there are removed."""
    told = [*get_backend().details_of(who, dids, described=described)]
    gone = {*dids} - {each.info.did for each in told}

    def write() -> None:
        index_store.detail(told, described=described)
        for did in gone:
            index_store.forget(did.scope, [did.name])

    if commit is None:
        write()
    else:
        commit(write)


def refresh_soon(dids: Iterable[Did]) -> None:
    """Have DIDs that somebody looks at brought up to date in the index, by a worker."""
    if not get_config().harvest_minutes:
        return
    named = [[did.scope, did.name] for did in dids]
    try:
        current_app.send_task(REFRESH, (named,), expires=SOON_SECONDS, retry=False)
    except (OSError, OperationalError) as exc:
        log.warning("index: not refreshed: %s", exc)  # the next harvest brings it


def refresh(dids: list[Did]) -> None:
    """Bring DIDs up to date in the index, those of scopes that it has."""
    scopes = {*IndexedScope.objects.values_list("scope", flat=True)}
    wanted = [did for did in dids if did.scope in scopes]
    if wanted:
        backend = get_backend()
        refresh_rows(backend.service_credential(), wanted, described=True)


def _batches(found: Iterable[T]) -> Iterator[list[T]]:
    rows = iter(found)
    while batch := [*islice(rows, BATCH)]:
        yield batch


def _free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=now)


@transaction.atomic
def _take(scope: str) -> IndexedScope | None:
    now = timezone.now()
    rows = IndexedScope.objects.select_for_update(skip_locked=True)
    row = rows.filter(_free(now), pk=scope).first()
    if row is not None:
        row.lease, row.lease_until = uuid.uuid4(), now + LEASE
        row.save(update_fields=["lease", "lease_until"])
    return row


def _commit(reading: Reading, write: Callable[[], object]) -> None:
    """Write in one transaction with the lease: who lost it writes nothing."""
    with transaction.atomic():
        mine = IndexedScope.objects.filter(pk=reading.row.pk, lease=reading.row.lease)
        if not mine.update(lease_until=timezone.now() + LEASE):
            raise LeaseLost
        write()


def _save(reading: Reading, *fields: str) -> None:
    _commit(reading, lambda: reading.row.save(update_fields=fields))


def _release(row: IndexedScope, **changes: Any) -> None:
    mine = IndexedScope.objects.filter(pk=row.pk, lease=row.lease)
    mine.update(lease=None, lease_until=None, **changes)
