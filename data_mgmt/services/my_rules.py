"""Every rule of the user's account and groups in Rucio, whoever made it: found, sorted, chosen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.utils import timezone

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import Rule, RuleState, get_backend
from data_mgmt.backends.approvals import RuleQuestion
from data_mgmt.models import ReplicaRequest
from data_mgmt.services import acting
from data_mgmt.services.approvals import sizes_of
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.keyset import Key, cut
from vre_portal.budget import Budget, Pending


class Order(StrEnum):
    """What puts a list of rules in order."""

    NEWEST = "newest"
    ENDING = "ending"
    LARGEST = "largest"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Mine:
    """A rule of the user's, and the request that made it, if one did."""

    rule: Rule
    request: ReplicaRequest | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """A part of the user's rules and where it goes on; figures are of all that fit."""

    items: tuple[Mine, ...]
    total: int
    bytes: int
    #: Rules on open collections, whose size is in no list.
    uncounted: int
    next: str = ""


def list_mine(
    user: User,
    *,
    state: RuleState | None = None,
    account: str = "",
    storage: str = "",
    scope: str = "",
    name: str = "",
    within_days: int | None = None,
    order: Order = Order.NEWEST,
    limit: int,
    cursor: str = "",
) -> Rules:
    """Return rules of the user's account and groups, asked of Rucio now; ``*`` is any text.

    Raises
    ------
    InvalidRequest
        The user may not act as this account; `field` is ``account``.
    """
    credential = credential_for(user, SERVICE)
    accounts = [acting.actor_of(user, account).account] if account else acting.accounts_of(user)
    soon = None if within_days is None else timezone.now() + timedelta(days=within_days)
    budget = Budget(SERVICE)
    question = RuleQuestion(state, "", storage, scope, name)
    found = [
        rule
        for rule in _of_accounts(credential, question, accounts, budget)
        if soon is None or (rule.expires_at is not None and rule.expires_at <= soon)
    ]
    page, more = cut(found, ORDERS[order], limit=limit, cursor=cursor)
    page = _sized(credential, page, budget)
    counted = {rule.id: rule.bytes for rule in page}
    sizes = [counted.get(rule.id, rule.bytes) for rule in found]
    return Rules(
        tuple(Mine(rule, request) for rule, request in _with_requests(user, page)),
        total=len(found),
        bytes=sum(size or 0 for size in sizes),
        uncounted=sizes.count(None),
        next=more,
    )


def _of_accounts(
    credential: Credential, question: RuleQuestion, accounts: Iterable[str], budget: Budget
) -> list[Rule]:
    """Return the rules of each account: Rucio is asked of all of them at once."""
    backend = get_backend()

    def ask(account: str) -> Pending[list[Rule]]:
        of_one = replace(question, account=account)
        return budget.ask(lambda: [*backend.find_rules(credential, of_one)])

    asked = [ask(account) for account in accounts]
    return [rule for answer in asked for rule in answer.get()]


def _sized(credential: Credential, rules: list[Rule], budget: Budget) -> list[Rule]:
    """Return rules with the sizes of open collections, which a rule does not tell."""
    open_ones = [rule.did for rule in rules if rule.bytes is None]
    sizes = sizes_of(credential, open_ones, budget) if open_ones else {}
    return [
        replace(rule, bytes=sizes[rule.did].bytes) if rule.did in sizes else rule for rule in rules
    ]


def _with_requests(
    user: User, rules: Iterable[Rule]
) -> Iterable[tuple[Rule, ReplicaRequest | None]]:
    page = list(rules)
    mine = ReplicaRequest.objects.visible_to(user)
    known = {row.rule_id: row for row in mine.filter(rule_id__in=[rule.id for rule in page])}
    return [(rule, known.get(rule.id)) for rule in page]


def _newest(rule: Rule) -> Key:
    return (-rule.created_at.timestamp() if rule.created_at else 0.0, rule.id)


def _ending(rule: Rule) -> Key:
    # JSON knows no infinity that others could read.
    end = rule.expires_at.timestamp() if rule.expires_at else float(2**53)
    return (end, rule.id)


def _largest(rule: Rule) -> Key:
    return (-float(rule.bytes) if rule.bytes else math.copysign(0.0, 1), rule.id)


def _name(rule: Rule) -> Key:
    return (rule.did.scope, rule.did.name, rule.storage, rule.id)


ORDERS: Mapping[Order, Callable[[Rule], Key]] = {
    Order.NEWEST: _newest,
    Order.ENDING: _ending,
    Order.LARGEST: _largest,
    Order.NAME: _name,
}


def chosen(user: User, keys: Iterable[UUID]) -> list[Rule]:
    """Return those of some rules that are the user's, by name."""
    wanted = {key.hex for key in keys}
    credential = credential_for(user, SERVICE)
    budget = Budget(SERVICE)
    every = _of_accounts(credential, RuleQuestion(), acting.accounts_of(user), budget)
    found = [rule for rule in every if rule.id in wanted]
    return sorted(_sized(credential, found, budget), key=_name)
