"""One storage in full: what it is, what the user may use there and holds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import (
    DatasetAt,
    Did,
    DidInfo,
    DidType,
    Rule,
    Storage,
    StorageDetails,
    Usage,
    get_backend,
)
from data_mgmt.services.catalogue import SERVICE
from vre_portal.budget import Budget

SHOWN_RULES = 100
SHOWN_DATASETS = 100
MATRIX_ROWS = 50


@dataclass(frozen=True, slots=True)
class Held:
    """A rule of the user's with what it holds; sizes are None where the catalogue told none."""

    rule: Rule
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class StorageView:
    """A storage as one person sees it; a part is None when Rucio did not give it in time."""

    details: StorageDetails
    usage: Usage | None = None
    held: tuple[Held, ...] | None = None
    held_total: int = 0
    datasets: tuple[DatasetAt, ...] | None = None


@dataclass(frozen=True, slots=True)
class StorageUse:
    """A storage with the user's own use of it."""

    storage: Storage
    usage: Usage | None = None


def storages_with_use(user: User) -> tuple[StorageUse, ...]:
    """Return all storages with what the user has and may have there."""
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    asked = budget.ask(lambda: backend.list_storages(credential))
    asked_use = budget.ask(lambda: backend.usage(credential))
    found = asked.get()
    use = {row.storage: row for row in asked_use.get_or(())}
    return tuple(StorageUse(storage, use.get(storage.name)) for storage in found)


def storage_view(user: User, name: str) -> StorageView:
    """Return one storage, asked at once.

    Raises
    ------
    NotFound
        There is no such storage.
    """
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    asked = budget.ask(lambda: backend.get_storage(credential, name))
    asked_use = budget.ask(lambda: backend.usage(credential))
    asked_rules = budget.ask(lambda: backend.list_rules(credential))
    asked_datasets = budget.ask(
        lambda: backend.datasets_at(credential, name, limit=SHOWN_DATASETS + 1)
    )
    details = asked.get()
    rules = asked_rules.get_or(None)
    mine = [rule for rule in rules or () if rule.storage == name]
    shown = mine[:SHOWN_RULES]
    asked_sizes = budget.ask(lambda: [*backend.get_dids(credential, [r.did for r in shown])])
    sizes: dict[Did, DidInfo] = {info.did: info for info in asked_sizes.get_or([])}
    held = tuple(Held(rule, _bytes(sizes.get(rule.did))) for rule in shown)
    return StorageView(
        details=details,
        usage=next((row for row in asked_use.get_or(()) if row.storage == name), None),
        held=None if rules is None else held,
        held_total=len(mine),
        datasets=asked_datasets.get_or(None),
    )


def _bytes(info: DidInfo | None) -> int | None:
    return info.bytes if info else None


def where_children(user: User, contents: Sequence[DidInfo]) -> tuple[DatasetAt, ...] | None:
    """Return where the first datasets of a container are, or None when Rucio tells it too late."""
    credential = credential_for(user, SERVICE)
    dids = [info.did for info in contents if info.type is DidType.DATASET][:MATRIX_ROWS]
    asked = Budget(SERVICE).ask(lambda: get_backend().where_datasets(credential, dids))
    return asked.get_or(None)
