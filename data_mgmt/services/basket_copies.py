"""Copies of a whole basket at one storage: the estimate, and a request for each DID."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Availability, Did, DidInfo, DidType, Storage, Usage, get_backend
from data_mgmt.models import ACTIVE, BasketItem, ReplicaRequest, RequestState
from data_mgmt.services import replicas
from data_mgmt.services.catalogue import SERVICE, DidView
from data_mgmt.services.estimates import check_quota, find_storage
from vre_portal.budget import Budget
from vre_portal.errors import PortalError

#: Of so many DIDs the estimate asks where they are; what the others have somewhere is not counted.
LOCATED = 50
#: States in which a copy is there, or on its way.
HELD = (*ACTIVE, RequestState.OK)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one DID: its request, also an earlier one, or why there is none."""

    did: Did
    request: ReplicaRequest | None = None
    is_new: bool = False
    problem: str = ""


def as_one(user: User, items: Sequence[BasketItem]) -> DidView:
    """Return DIDs as if they were one dataset: sizes, and what each storage has, added up."""
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    storages = budget.ask(lambda: backend.list_storages(credential))
    usage = budget.ask(lambda: backend.usage(credential))
    where = [
        budget.ask(lambda did=item.did: backend.availability(credential, did))  # type: ignore[misc]
        for item in items[:LOCATED]
    ]
    files, size = sum(item.files or 0 for item in items), sum(item.bytes or 0 for item in items)
    rows = [row for answer in where for row in answer.get_or(())]
    return DidView(
        info=DidInfo(Did("", ""), DidType.DATASET, size, files),
        at=timezone.now(),
        availability=_added_up(rows, files, size),
        storages=storages.get(),
        usage=usage.get(),
    )


def _added_up(rows: Iterable[Availability], files: int, size: int) -> tuple[Availability, ...]:
    sums: dict[str, Availability] = {}
    for row in rows:
        so_far = sums.get(row.storage) or Availability(row.storage, 0, files, 0, size)
        sums[row.storage] = replace(
            so_far, files=so_far.files + row.files, bytes=so_far.bytes + row.bytes
        )
    return tuple(sums.values())


def replicate(
    user: User,
    dids: Sequence[Did],
    *,
    storage: str,
    lifetime_days: int | None = None,
    comment: str = "",
) -> list[Outcome]:
    """Ask for a copy of each DID; what fits no more, or is gone, is told beside the others.

    Raises
    ------
    NotFound
        There is no such storage.
    InvalidRequest
        A number or a text is out of bounds; `field` names it.
    """
    replicas.check(1, lifetime_days, comment)
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    asked = budget.ask(lambda: [*backend.get_dids(credential, dids)])
    asked_storages = budget.ask(lambda: backend.list_storages(credential))
    asked_usage = budget.ask(lambda: backend.usage(credential))
    place, usage = find_storage(asked_storages.get(), storage), asked_usage.get()
    known = {info.did: info for info in asked.get()}
    held = _held(user, storage)
    sizes = {item.did: item for item in BasketItem.objects.visible_to(user)}
    outcomes = []
    for did in dids:
        if did in held:
            outcomes.append(Outcome(did, held[did]))
            continue
        if did not in known:
            outcomes.append(Outcome(did, problem=_("It is not in Rucio any more.")))
            continue
        info = _with_size(known[did], sizes.get(did))
        files = 1 if info.type is DidType.FILE else info.files or 0
        wish = ReplicaRequest(
            user=user, did_scope=did.scope, did_name=did.name, storage=storage,
            lifetime_days=lifetime_days, comment=comment, files_total=files,
            bytes_total=info.bytes or 0,
        )  # fmt: skip
        outcome = _ask(wish, info, place, usage)
        outcomes.append(outcome)
        if outcome.is_new:
            usage = _used(usage, storage, info.bytes or 0)
    return outcomes


def _held(user: User, storage: str) -> dict[Did, ReplicaRequest]:
    rows = ReplicaRequest.objects.visible_to(user).filter(
        storage=storage, state__in=HELD, cancel_requested_at=None
    )
    return {row.did: row for row in rows.order_by("created_at")}


def _with_size(info: DidInfo, item: BasketItem | None) -> DidInfo:
    if info.bytes is None and item is not None:
        return replace(info, bytes=item.bytes, files=item.files)
    return info


def _ask(wish: ReplicaRequest, info: DidInfo, place: Storage, usage: Iterable[Usage]) -> Outcome:
    try:
        check_quota(info, place, usage)
        return Outcome(info.did, replicas.save(wish), is_new=True)
    except IntegrityError:
        # Asked for at this moment in another window.
        return Outcome(info.did, _held(wish.user, wish.storage).get(info.did))
    except PortalError as exc:
        return Outcome(info.did, problem=exc.message)


def _used(usage: Iterable[Usage], storage: str, size: int) -> tuple[Usage, ...]:
    """Return the usage as it will be with so many bytes more at a storage."""
    return tuple(
        replace(row, used=row.used + size) if row.storage == storage else row for row in usage
    )
