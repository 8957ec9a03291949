"""The data manager's queue: what waits for approval, and what an approval would mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import Did, DidInfo, Rule, RuleState, Storage, Usage, get_backend
from data_mgmt.backends.approvals import RuleQuestion
from data_mgmt.services import managers
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.keyset import Key, cut
from vre_portal.budget import Budget
from vre_portal.errors import NotFound

#: Open collections whose size has to be counted; more on a page are left without one.
COUNTED_ONE_BY_ONE = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """A rule that waits, with what a data manager looks at; None is what nobody told."""

    rule: Rule
    name: str = ""
    bytes: int | None = None
    files: int | None = None
    storage: Storage | None = None
    usage: Usage | None = None

    @property
    def used_after(self) -> int | None:
        """What the asker would use there, once it is copied."""
        if self.usage is None or self.bytes is None:
            return None
        return self.usage.used + self.bytes

    @property
    def exceeds(self) -> bool:
        """Whether that is more than the asker may use; Rucio lets an approved rule exceed it."""
        limit = self.usage.limit if self.usage else None
        return limit is not None and self.used_after is not None and self.used_after > limit

    @property
    def is_too_large(self) -> bool:
        """Whether the storage has less room than it takes."""
        free = self.storage.free if self.storage else None
        return free is not None and self.bytes is not None and self.bytes > free


@dataclass(frozen=True, slots=True)
class Queue:
    """A part of what waits, the oldest first, and where it goes on."""

    items: tuple[Waiting, ...]
    total: int
    next: str = ""

    @property
    def bytes(self) -> int:
        """The size of what is shown, as far as it is known."""
        return sum(each.bytes or 0 for each in self.items)


def queue(user: User, question: RuleQuestion, *, limit: int, cursor: str = "") -> Queue:
    """Return what waits for approval, asked of Rucio now.

    Raises
    ------
    NotFound
        The user is no data manager.
    """
    managers.must_be_manager(user)
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    wanted = replace(question, state=RuleState.WAITING_APPROVAL)
    asked = budget.ask(lambda: [*backend.find_rules(credential, wanted)])
    asked_storages = budget.ask(lambda: backend.list_storages(credential))
    rules = asked.get()
    page, more = cut(rules, age, limit=limit, cursor=cursor)
    storages = {storage.name: storage for storage in asked_storages.get_or(())}
    return Queue(_described(credential, page, storages, budget), len(rules), more)


def age(rule: Rule) -> Key:
    """Return what puts the longest waiting first."""
    return (rule.created_at.timestamp() if rule.created_at else 0.0, rule.id)


def _described(
    credential: Credential, rules: Sequence[Rule], storages: Mapping[str, Storage], budget: Budget
) -> tuple[Waiting, ...]:
    backend = get_backend()

    def used_by(account: str) -> tuple[Usage, ...]:
        return backend.usage(credential, account=account)

    accounts = {rule.account for rule in rules}
    asked = {name: budget.ask(lambda name=name: used_by(name)) for name in accounts}  # type: ignore[misc]
    sizes = sizes_of(credential, [rule.did for rule in rules], budget)
    usage = {name: answer.get_or(()) for name, answer in asked.items()}
    names = managers.names(accounts)
    return tuple(
        Waiting(
            rule,
            name=names.get(rule.account, ""),
            bytes=_first(sizes.get(rule.did), rule),
            files=sizes[rule.did].files if rule.did in sizes else None,
            storage=storages.get(rule.storage),
            usage=_at(usage[rule.account], rule.storage),
        )
        for rule in rules
    )


def _first(info: DidInfo | None, rule: Rule) -> int | None:
    return info.bytes if info and info.bytes is not None else rule.bytes


def _at(usage: Iterable[Usage], storage: str) -> Usage | None:
    return next((row for row in usage if row.storage == storage), None)


def sizes_of(credential: Credential, dids: Sequence[Did], budget: Budget) -> dict[Did, DidInfo]:
    """Return sizes: of many at once, and one by one of the open ones, which are not counted."""
    backend = get_backend()
    asked = budget.ask(lambda: [*backend.get_dids(credential, dids)])
    found = {info.did: info for info in asked.get_or([])}
    open_ones = [did for did, info in found.items() if info.bytes is None or info.files is None]
    counting = [
        budget.ask(lambda did=did: backend.get_did(credential, did))  # type: ignore[misc]
        for did in open_ones[:COUNTED_ONE_BY_ONE]
    ]
    counted = (answer.get_or(None) for answer in counting)
    return found | {info.did: info for info in counted if info is not None}


def chosen(user: User, keys: Iterable[UUID]) -> list[Rule]:
    """Return those of some rules that still wait, the oldest first.

    Raises
    ------
    NotFound
        The user is no data manager.
    """
    managers.must_be_manager(user)
    wanted = {key.hex for key in keys}
    credential = credential_for(user, SERVICE)
    question = managers.WAITING
    asked = Budget(SERVICE).ask(lambda: [*get_backend().find_rules(credential, question)])
    return sorted((rule for rule in asked.get() if rule.id in wanted), key=age)


def find(user: User, key: UUID) -> Rule:
    """Return one rule that waits.

    Raises
    ------
    NotFound
        It waits no more, or the user is no data manager.
    """
    found = chosen(user, [key])
    if not found:
        raise NotFound(_("No such rule waits for approval: somebody else may have been quicker."))
    return found[0]
