"""What has to be read from tape first, and what the site's policy asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from accounts.credentials import Credential
from data_mgmt.backends import (
    Availability,
    Did,
    DidInfo,
    DidType,
    Storage,
    StorageKind,
    get_backend,
)
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.estimates import recall_of
from vre_portal.budget import Budget
from vre_portal.components.formats import size
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest

#: Of more than so many DIDs the datasets are asked for in one question, as last counted.
ONE_BY_ONE = 20
LOCATED = 100


def recalls(
    credential: Credential,
    infos: Iterable[DidInfo],
    storages: Sequence[Storage],
    places: Sequence[Storage],
    seconds: float,
) -> Mapping[tuple[Did, str], int]:
    """Return the bytes that a copy of each DID at each of some storages reads from tape.

    Where there is no tape nothing is asked.
    """
    if all(storage.kind is not StorageKind.TAPE for storage in storages):
        return {}
    wanted = [*infos]
    where = located(credential, wanted, Budget(SERVICE, seconds))
    return {
        (info.did, place.name): recall_of(info, place.name, where.get(info.did, ()), storages)
        for info in wanted
        for place in places
    }


def located(
    credential: Credential, infos: Sequence[DidInfo], budget: Budget
) -> Mapping[Did, tuple[Availability, ...]]:
    """Return where each of some DIDs is."""
    backend = get_backend()
    many = len(infos) > ONE_BY_ONE
    datasets = [info.did for info in infos if many and info.type is DidType.DATASET]
    others = [info.did for info in infos if info.did not in set(datasets)][:LOCATED]
    asked = {
        did: budget.ask(lambda did=did: backend.availability(credential, did))  # type: ignore[misc]
        for did in others
    }
    counted = budget.ask(lambda: backend.where_datasets(credential, datasets))
    found = {did: answer.get() for did, answer in asked.items()}
    sizes = {info.did: info.bytes or 0 for info in infos}
    for row in counted.get() if datasets else ():
        there = Availability(row.storage, row.files, row.files_total, row.bytes, sizes[row.did])
        found[row.did] = (*found.get(row.did, ()), there)
    return found


def check_recall(recalled: int, *, confirmed: bool) -> bool:
    """Return whether a recall of so many bytes needs an approver.

    Raises
    ------
    InvalidRequest
        It is so large that it has to be confirmed apart; `field` is ``confirm_large``.
    """
    config = get_config()
    if config.recall_ask_bytes and recalled > config.recall_ask_bytes and not confirmed:
        raise InvalidRequest(
            _("This reads %(size)s from tape. Confirm the large recall if you mean it.")
            % {"size": size(recalled)},
            field="confirm_large",
        )
    return bool(config.recall_approve_bytes) and recalled > config.recall_approve_bytes
