"""Subscriptions in memory, and a data service that takes them up when a test registers data."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from accounts.credentials import Credential
from data_mgmt.backends import Did, Rule, RuleState
from data_mgmt.backends.subscriptions import (
    Subscription,
    SubscriptionState,
    SubscriptionWish,
)
from tests.fakes.approvals import FakeApprovals
from tests.fakes.catalogue import FakeRule
from tests.fakes.rules import counted
from vre_portal.errors import Conflict, InvalidRequest, NotFound

#: The one expression beside names that this service understands.
EVERY_DISK = "type=DISK"


class FakeSubscriptions(FakeApprovals):
    """What `data_mgmt.backends.subscriptions.Subscriptions` promises."""

    def __init__(self) -> None:
        super().__init__()
        self.subscriptions: dict[tuple[str, str], Subscription] = {}
        #: Which subscription made a rule.
        self.made_by: dict[str, tuple[str, str]] = {}

    @counted
    def list_subscriptions(
        self, credential: Credential, account: str = ""
    ) -> tuple[Subscription, ...]:
        found = sorted(self.subscriptions.items())
        return tuple(each for key, each in found if account in {"", key[0]})

    @counted
    def get_subscription(self, credential: Credential, key: str) -> Subscription:
        for each in self.subscriptions.values():
            if each.id == key:
                return each
        raise NotFound("There is no such subscription.", service="rucio")

    @counted
    def add_subscription(
        self, credential: Credential, account: str, name: str, wish: SubscriptionWish
    ) -> str:
        self._must_manage(credential)
        if (account, name) in self.subscriptions:
            raise Conflict("This exists already.", service="rucio")
        now = datetime.now(UTC)
        made = Subscription(
            id=uuid.uuid4().hex,
            name=name,
            account=account,
            state=SubscriptionState.ACTIVE,
            filter=wish.filter,
            rules=wish.rules,
            comment=wish.comment,
            priority=wish.priority,
            created_at=now,
            updated_at=now,
            ends_at=now + timedelta(days=wish.lifetime_days) if wish.lifetime_days else None,
        )
        self.subscriptions[account, name] = made
        return made.id

    @counted
    def update_subscription(
        self, credential: Credential, account: str, name: str, wish: SubscriptionWish
    ) -> None:
        now = datetime.now(UTC)
        kept = self._own_subscription(credential, account, name)
        days = wish.lifetime_days
        self.subscriptions[account, name] = replace(
            kept,
            state=SubscriptionState.ACTIVE,
            filter=wish.filter,
            rules=wish.rules,
            comment=wish.comment,
            priority=wish.priority,
            updated_at=now,
            ends_at=now + timedelta(days=days) if days else kept.ends_at,
        )

    @counted
    def retire_subscription(self, credential: Credential, account: str, name: str) -> None:
        kept = self._own_subscription(credential, account, name)
        self.subscriptions[account, name] = replace(kept, state=SubscriptionState.RETIRED)

    @counted
    def rules_of_subscription(
        self, credential: Credential, account: str, name: str, *, limit: int
    ) -> tuple[Rule, ...]:
        if (account, name) not in self.subscriptions:
            raise NotFound("There is no such subscription.", service="rucio")
        made = [key for key, by in self.made_by.items() if by == (account, name)]
        return tuple(self.rules[key].rule for key in reversed(made) if key in self.rules)[:limit]

    @counted
    def resolve_storages(self, credential: Credential, expression: str) -> tuple[str, ...]:
        if expression == EVERY_DISK:
            return tuple(
                sorted(each.name for each in self.storages.values() if each.kind == "disk")
            )
        if expression in self.storages:
            return (expression,)
        raise InvalidRequest(
            f"No storage is meant by {expression}.", field="storage", service="rucio"
        )

    def take_up(self, did: Did, **metadata: str) -> None:
        """Hold a new collection against the active subscriptions, as the service does by itself."""
        now = datetime.now(UTC)
        for key, each in self.subscriptions.items():
            if each.state is not SubscriptionState.ACTIVE:
                continue
            self.subscriptions[key] = replace(each, processed_at=now)
            if not self._subscribed(each, did, metadata):
                continue
            for rule in each.rules:
                made = Rule(
                    id=uuid.uuid4().hex, did=did, account=each.account, storage=rule.storage,
                    copies=rule.copies, state=RuleState.INJECT, comment=each.comment,
                    activity=rule.activity, created_at=now,
                )  # fmt: skip
                self.rules[made.id] = FakeRule(made, [])
                self.made_by[made.id] = key

    def _subscribed(self, each: Subscription, did: Did, metadata: dict[str, str]) -> bool:
        wanted = each.filter
        checks = [
            not wanted.scopes or any(re.match(scope, did.scope) for scope in wanted.scopes),
            not wanted.types or self.types[did].value in wanted.types,
            not wanted.pattern or bool(re.match(wanted.pattern, did.name)),
            not wanted.excluded_pattern or not re.match(wanted.excluded_pattern, did.name),
        ]
        checks += [
            any(re.match(value, metadata.get(key, "")) for value in values)
            for key, values in wanted.metadata.items()
        ]
        return all(checks)

    def _own_subscription(self, credential: Credential, account: str, name: str) -> Subscription:
        if credential.account != account:
            self._must_manage(credential)
        if (account, name) not in self.subscriptions:
            raise NotFound("There is no such subscription.", service="rucio")
        return self.subscriptions[account, name]
