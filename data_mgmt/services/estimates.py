"""What a replication would move, and whether it fits, before anything moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import (
    Availability,
    Did,
    DidInfo,
    Rule,
    Storage,
    StorageKind,
    Usage,
    get_backend,
)
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services.catalogue import SERVICE, DidView
from vre_portal.budget import Budget
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, NotFound, QuotaExceeded

SPEED_DAYS = 30
SPEEDS_SECONDS = 60
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
    seconds: float | None = None


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
    #: What has to be read from tape first.
    recall_bytes: int = 0
    approvers: tuple[str, ...] = ()
    takes_approval: bool = True
    #: Whose rules keep all of it there already.
    kept_by: tuple[Rule, ...] = ()

    @property
    def files_to_move(self) -> int:
        """Files that are not there yet."""
        return max(0, self.files - self.files_there)

    @property
    def bytes_to_move(self) -> int:
        """Bytes that are not there yet."""
        return max(0, self.bytes - self.bytes_there)

    @property
    def confirm_large(self) -> bool:
        """Whether the recall has to be confirmed apart."""
        most = get_config().recall_ask_bytes
        return bool(most) and self.recall_bytes > most

    @property
    def needs_approval(self) -> bool:
        """Whether an approver has to let it go, by the site's policy on recalls."""
        most = get_config().recall_approve_bytes
        return bool(most) and self.recall_bytes > most

    @property
    def may_ask_approval(self) -> bool:
        """Whether an approver could let it go though the quota does not suffice."""
        return not self.fits and self.takes_approval


def estimate(user: User, did: Did, *, storage: str, copies: int = 1) -> Estimate:
    """Return what copying a DID to a storage would move, cost and take.

    Raises
    ------
    NotFound
        There is no such DID, or no such storage.
    """
    check_copies(copies)
    return estimates(user, did, [storage])[0]


def estimates(user: User, did: Did, storages: Sequence[str]) -> list[Estimate]:
    """Return what copies of a DID at each of some storages would move, cost and take."""
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    info = budget.ask(lambda: backend.get_did(credential, did))
    known = budget.ask(lambda: backend.list_storages(credential))
    usage = budget.ask(lambda: backend.usage(credential))
    where = budget.ask(lambda: backend.availability(credential, did))
    rules = budget.ask(lambda: backend.rules_of(credential, did))
    places = [find_storage(known.get(), storage) for storage in storages]
    view = DidView(
        info.get(),
        timezone.now(),
        availability=where.get(),
        rules=rules.get_or(None),
        storages=known.get(),
        usage=usage.get(),
    )
    return [found for place in places if (found := preview(view, place.name))]


def preview(view: DidView, storage: str) -> Estimate | None:
    """Return the estimate for one storage from what a DID's page knows; None if it can't tell."""
    found = [option for option in storage_options(view) if option.storage.name == storage]
    return _estimate(view, found[0]) if found else None


def storage_options(view: DidView) -> list[StorageOption]:
    """Return each storage as a place for copies of a DID, from what its page knows."""
    speeds = _speeds()
    return [
        _option(view.info, storage, view.availability or (), view.usage or (), speeds)
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


def recall_of(
    info: DidInfo, storage: str, where: Iterable[Availability], storages: Iterable[Storage]
) -> int:
    """Return the bytes that have to come from tape: those that are on no disk, as far as known.

    Of two disks that have a part each it can't be told whether it is the same part; so the
    larger part counts, and the answer is the most that it can be.
    """
    kinds = {each.name: each.kind for each in storages}
    here = {row.storage: row for row in where if row.files}
    if all(kinds.get(name) is not StorageKind.TAPE for name in here if name != storage):
        return 0
    disks = [row.bytes for name, row in here.items() if kinds.get(name) is StorageKind.DISK]
    there = here[storage].bytes if storage in here else 0
    return max(0, (info.bytes or 0) - max([there, *disks]))


def _option(
    info: DidInfo,
    storage: Storage,
    where: Iterable[Availability],
    usage: Iterable[Usage],
    speeds: Mapping[str, float] | None = None,
) -> StorageOption:
    there = next((row for row in where if row.storage == storage.name), None)
    mine = next((row for row in usage if row.storage == storage.name), None)
    limit, used = (mine.limit, mine.used) if mine else (0, 0)
    after = used + (info.bytes or 0)
    to_move = max(0, (info.bytes or 0) - (there.bytes if there else 0))
    pace = (speeds or {}).get(storage.name)
    return StorageOption(
        storage=storage,
        files_there=there.files if there else 0,
        bytes_there=there.bytes if there else 0,
        is_complete=bool(there and there.files_total and there.is_complete),
        quota_limit=limit,
        quota_used=used,
        quota_after=after,
        fits=limit is None or after <= limit,
        seconds=to_move * pace if to_move and pace else None,
    )


def _estimate(view: DidView, option: StorageOption) -> Estimate:
    info, name = view.info, option.storage.name
    rules = view.rules or ()
    return Estimate(
        did=info.did,
        storage=name,
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
        seconds=option.seconds,
        recall_bytes=recall_of(info, name, view.availability or (), view.storages or ()),
        approvers=option.storage.approvers,
        takes_approval=option.storage.takes_approval,
        kept_by=tuple(rule for rule in rules if rule.storage == name and option.is_complete),
    )


def _no_room(option: StorageOption) -> str:
    if not option.quota_limit:
        return _("You have no quota at %(storage)s. Choose another storage, or ask for quota.") % {
            "storage": option.storage.name
        }
    return _("Your quota at %(storage)s does not suffice. Choose another storage.") % {
        "storage": option.storage.name
    }


def _speeds() -> Mapping[str, float]:
    """Return by storage how long a byte took lately to get there, over all users."""
    known: Mapping[str, float] | None = cache.get("replica-speeds")
    if known is not None:
        return known
    done = ReplicaRequest.objects.filter(
        state=RequestState.OK,
        finished_at__gte=timezone.now() - timedelta(days=SPEED_DAYS),
        bytes_total__gte=MIN_BYTES,
        finished_at__gt=F("created_at"),  # a rule made elsewhere tells no speed
    )
    sums = done.values("storage").annotate(
        size=Sum("bytes_total"), time=Sum(F("finished_at") - F("created_at"))
    )
    found = {
        row["storage"]: row["time"].total_seconds() / float(row["size"])
        for row in sums.order_by()
        if row["time"]
    }
    cache.set("replica-speeds", found, SPEEDS_SECONDS)
    return found
