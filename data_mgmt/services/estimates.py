"""What a replication would move, and whether it fits, before anything moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Availability, Did, DidInfo, Storage, Usage, get_backend
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services.catalogue import SERVICE, DidView
from vre_portal.budget import Budget
from vre_portal.errors import InvalidRequest, NotFound, QuotaExceeded

SPEED_DAYS = 30
MIN_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class StorageOption:
    """A storage as a place for copies of one DID; all sizes in bytes."""

    storage: Storage
    files_there: int
    bytes_there: int
    is_complete: bool
    quota_limit: int | None
    quota_used: int
    quota_after: int
    fits: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request would do; `seconds` is None while nothing was copied there lately."""

    did: Did
    storage: str
    files: int
    bytes: int
    files_there: int
    bytes_there: int
    free: int | None
    quota_limit: int | None
    quota_used: int
    quota_after: int
    fits: bool
    problem: str
    seconds: float | None

    @property
    def files_to_move(self) -> int:
        """Files that are not there yet."""
        return max(0, self.files - self.files_there)

    @property
    def bytes_to_move(self) -> int:
        """Bytes that are not there yet."""
        return max(0, self.bytes - self.bytes_there)


def estimate(user: User, did: Did, *, storage: str, copies: int = 1) -> Estimate:
    """Return what copying a DID to a storage would move, cost and take.

    Raises
    ------
    NotFound
        There is no such DID, or no such storage.
    """
    check_copies(copies)
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    info = budget.ask(lambda: backend.get_did(credential, did))
    storages = budget.ask(lambda: backend.list_storages(credential))
    usage = budget.ask(lambda: backend.usage(credential))
    where = budget.ask(lambda: backend.availability(credential, did))
    size, place = info.get(), find_storage(storages.get(), storage)
    return _estimate(size, _option(size, place, where.get(), usage.get()))


def preview(view: DidView, storage: str) -> Estimate | None:
    """Return the estimate for one storage from what a DID's page knows; None if it can't tell."""
    found = [option for option in storage_options(view) if option.storage.name == storage]
    return _estimate(view.info, found[0]) if found else None


def storage_options(view: DidView) -> list[StorageOption]:
    """Return each storage as a place for copies of a DID, from what its page knows."""
    return [
        _option(view.info, storage, view.availability or (), view.usage or ())
        for storage in view.storages or ()
    ]


def find_storage(storages: Iterable[Storage], name: str) -> Storage:
    """Return a storage by name, or raise `NotFound`."""
    for storage in storages:
        if storage.name == name:
            return storage
    raise NotFound(_("There is no storage %(name)s. Choose another one.") % {"name": name})


def check_copies(copies: int) -> None:
    """Raise `InvalidRequest` for anything but one copy: a storage holds a file once."""
    if copies != 1:
        raise InvalidRequest(
            _("A storage holds one copy. Ask for one copy at each storage that you want."),
            field="copies",
        )


def check_quota(info: DidInfo, storage: Storage, usage: Iterable[Usage]) -> None:
    """Raise `QuotaExceeded`, with the numbers, when the account can't hold the DID there."""
    option = _option(info, storage, (), usage)
    if not option.fits:
        raise QuotaExceeded(
            _no_room(option), need=info.bytes, limit=option.quota_limit, used=option.quota_used
        )


def _option(
    info: DidInfo, storage: Storage, where: Iterable[Availability], usage: Iterable[Usage]
) -> StorageOption:
    there = next((row for row in where if row.storage == storage.name), None)
    mine = next((row for row in usage if row.storage == storage.name), None)
    limit, used = (mine.limit, mine.used) if mine else (0, 0)
    after = used + (info.bytes or 0)
    return StorageOption(
        storage=storage,
        files_there=there.files if there else 0,
        bytes_there=there.bytes if there else 0,
        is_complete=bool(there and there.files_total and there.is_complete),
        quota_limit=limit,
        quota_used=used,
        quota_after=after,
        fits=limit is None or after <= limit,
    )


def _estimate(info: DidInfo, option: StorageOption) -> Estimate:
    return Estimate(
        did=info.did,
        storage=option.storage.name,
        files=info.files or 0,
        bytes=info.bytes or 0,
        files_there=option.files_there,
        bytes_there=option.bytes_there,
        free=option.storage.free,
        quota_limit=option.quota_limit,
        quota_used=option.quota_used,
        quota_after=option.quota_after,
        fits=option.fits,
        problem="" if option.fits else _no_room(option),
        seconds=_seconds(option.storage.name, max(0, (info.bytes or 0) - option.bytes_there)),
    )


def _no_room(option: StorageOption) -> str:
    if not option.quota_limit:
        return _("You have no quota at %(storage)s. Choose another storage, or ask for quota.") % {
            "storage": option.storage.name
        }
    return _("Your quota at %(storage)s does not suffice. Choose another storage.") % {
        "storage": option.storage.name
    }


def _seconds(storage: str, size: int) -> float | None:
    """Return how long so many bytes took lately to the same storage, over all users."""
    since = timezone.now() - timedelta(days=SPEED_DAYS)
    done = ReplicaRequest.objects.filter(
        storage=storage,
        state=RequestState.OK,
        finished_at__gte=since,
        bytes_total__gte=MIN_BYTES,
    ).aggregate(bytes=Sum("bytes_total"), time=Sum(F("finished_at") - F("created_at")))
    if not size or not done["bytes"] or not done["time"]:
        return None
    took: float = done["time"].total_seconds()
    return size * took / float(done["bytes"])
