"""Several DIDs as if they were one dataset: what copies of all of them would move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Availability, Did, DidInfo, DidType, get_backend
from data_mgmt.services import basket
from data_mgmt.services.catalogue import SERVICE, DidView
from data_mgmt.services.estimates import Estimate, preview, recall_of
from data_mgmt.services.recalls import located
from vre_portal.budget import Budget
from vre_portal.errors import InvalidRequest, PortalError


@dataclass(frozen=True, slots=True)
class Picked:
    """A DID that was picked, with what is known of its size."""

    did: Did
    type: DidType
    files: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Several:
    """Picked DIDs as one, and where each of them is."""

    view: DidView
    infos: tuple[DidInfo, ...]
    where: Mapping[Did, tuple[Availability, ...]]


def from_basket(user: User) -> list[Picked]:
    """Return what is in the user's basket, the newest first."""
    return [
        Picked(item.did, DidType(item.did_type), item.files, item.bytes)
        for item in basket.contents(user)
    ]


def picked(user: User, dids: Sequence[Did]) -> list[Picked]:
    """Return those of some DIDs that Rucio knows, with their sizes.

    Raises
    ------
    InvalidRequest
        None is given, too many are, or none of them exists.
    """
    wanted = list(dict.fromkeys(dids))
    if not wanted or len(wanted) > basket.MOST:
        words = _("Pick something first, and at most %(most)d.") % {"most": basket.MOST}
        raise InvalidRequest(words, field="did")
    found = [
        Picked(info.did, info.type, 1 if info.type is DidType.FILE else info.files, info.bytes)
        for info in basket.told_of(user, wanted)
    ]
    if not found:
        raise InvalidRequest(_("Nothing of it is in Rucio any more."), field="did")
    return found


def as_one(user: User, items: Sequence[Picked]) -> Several:
    """Return DIDs as if they were one dataset: sizes, and what each storage has, added up."""
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    storages = budget.ask(lambda: backend.list_storages(credential))
    usage = budget.ask(lambda: backend.usage(credential))
    infos = tuple(DidInfo(item.did, item.type, item.bytes, item.files) for item in items)
    try:
        where = located(credential, infos, budget)
    except PortalError:
        where = {}  # then all of it is counted as to be moved
    files, size = sum(item.files or 0 for item in items), sum(item.bytes or 0 for item in items)
    rows = [row for answer in where.values() for row in answer]
    view = DidView(
        info=DidInfo(Did("", ""), DidType.DATASET, size, files),
        at=timezone.now(),
        availability=_added_up(rows, files, size),
        storages=storages.get(),
        usage=usage.get(),
    )
    return Several(view, infos, where)


def estimates_of(several: Several, storages: Iterable[str]) -> list[Estimate]:
    """Return what copies of all at each of some storages would move, cost and take."""
    known = several.view.storages or ()
    found = []
    for name in storages:
        estimate = preview(several.view, name)
        if estimate is not None:
            recalled = sum(
                recall_of(info, name, several.where.get(info.did, ()), known)
                for info in several.infos
            )
            found.append(replace(estimate, recall_bytes=recalled))
    return found


def _added_up(rows: Iterable[Availability], files: int, size: int) -> tuple[Availability, ...]:
    sums: dict[str, Availability] = {}
    for row in rows:
        so_far = sums.get(row.storage) or Availability(row.storage, 0, files, 0, size)
        sums[row.storage] = replace(
            so_far, files=so_far.files + row.files, bytes=so_far.bytes + row.bytes
        )
    return tuple(sums.values())
