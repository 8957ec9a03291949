"""Standing wishes: what shall be copied of whatever is registered from now on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from accounts.credentials import Credential
from data_mgmt.backends.values import Rule

#: The metadata that new data is held against: what is given with a DID when it is registered, in
#: the columns that every Rucio has. Free metadata is not looked at.
KEYS = (
    "project",
    "datatype",
    "run_number",
    "stream_name",
    "prod_step",
    "version",
    "campaign",
    "task_id",
    "phys_group",
)


class SubscriptionState(StrEnum):
    """Where a subscription stands."""

    ACTIVE = "active"
    RETIRED = "retired"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """What new collections have to be like; an empty part lets all through.

    The texts are regular expressions that a name, a scope or a value begins with. `extra` is what
    other tools wrote and the portal has no word for; it is kept.
    """

    scopes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    pattern: str = ""
    excluded_pattern: str = ""
    accounts: tuple[str, ...] = ()
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubscriptionRule:
    """Copies that are made of each that fits, 0 for one at each storage that is meant.

    `extra` is what other tools wrote.
    """

    storage: str
    copies: int = 1
    lifetime_seconds: int | None = None
    activity: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubscriptionWish:
    """A subscription as somebody wants it; `lifetime_days` from now, None for no end."""

    filter: SubscriptionFilter
    rules: tuple[SubscriptionRule, ...]
    comment: str = ""
    lifetime_days: int | None = None
    priority: int = 3


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as the data service has it."""

    id: str
    name: str
    account: str
    state: SubscriptionState
    filter: SubscriptionFilter
    rules: tuple[SubscriptionRule, ...]
    comment: str = ""
    priority: int = 3
    created_at: datetime | None = None
    updated_at: datetime | None = None
    #: When it was held against new data last; None before the first time.
    processed_at: datetime | None = None
    ends_at: datetime | None = None


class Subscriptions(Protocol):
    """The standing part of a data service."""

    def list_subscriptions(
        self, credential: Credential, account: str = ""
    ) -> tuple[Subscription, ...]:
        """Return an account's subscriptions, or all, by account and name."""
        ...

    def get_subscription(self, credential: Credential, key: str) -> Subscription:
        """Return one subscription."""
        ...

    def add_subscription(
        self, credential: Credential, account: str, name: str, wish: SubscriptionWish
    ) -> str:
        """Make a subscription and return its id; `Conflict` where the name is taken."""
        ...

    def update_subscription(
        self, credential: Credential, account: str, name: str, wish: SubscriptionWish
    ) -> None:
        """Write a subscription anew and let it go on; an end that is set can only be moved."""
        ...

    def retire_subscription(self, credential: Credential, account: str, name: str) -> None:
        """Let a subscription make no more rules; those that it made stay."""
        ...

    def rules_of_subscription(
        self, credential: Credential, account: str, name: str, *, limit: int
    ) -> tuple[Rule, ...]:
        """Return at most `limit` rules that a subscription made, newest first."""
        ...

    def resolve_storages(self, credential: Credential, expression: str) -> tuple[str, ...]:
        """Return the storages that an expression names; `InvalidRequest` for none."""
        ...
