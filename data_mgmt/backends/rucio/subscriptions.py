"""The adapter's methods for subscriptions, whose rows hold JSON inside JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends.rucio import parsing, rest
from data_mgmt.backends.rucio.approvals import resolved
from data_mgmt.backends.rucio.rules import DEFAULT_ACTIVITY
from data_mgmt.backends.subscriptions import (
    Subscription,
    SubscriptionFilter,
    SubscriptionRule,
    SubscriptionState,
    SubscriptionWish,
)
from data_mgmt.backends.values import Rule
from vre_portal.errors import Forbidden, InvalidRequest, NotFound

#: Keys of a filter that are no metadata.
PARTS = frozenset({"scope", "did_type", "pattern", "excluded_pattern", "account"})
#: Keys of a filter that steer Rucio, of which the portal has no word.
STEERING = frozenset({"split_rule", "grouping", "min_avg_file_size", "max_avg_file_size"})
RULE_KEYS = frozenset({"rse_expression", "copies", "lifetime", "activity"})
STATES = {
    "INACTIVE": SubscriptionState.RETIRED,
    "BROKEN": SubscriptionState.BROKEN,
    # Written and never taken up by this Rucio: it does not look back.
    "NEW": SubscriptionState.BROKEN,
}
RETIRED = "I"
#: One copy at each storage that is meant.
ALL = "*"
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class SubscriptionsPart:
    """Rucio's subscriptions."""

    def list_subscriptions(
        self, credential: Credential, account: str = ""
    ) -> tuple[Subscription, ...]:
        """Return subscriptions; Rucio calls an empty list not found."""
        path = f"/subscriptions/{quote(account, safe='')}" if account else "/subscriptions/"
        try:
            found = [*map(_subscription, rest.rows(credential, path))]
        except NotFound:
            return ()
        return tuple(sorted(found, key=lambda each: (each.account, each.name)))

    def get_subscription(self, credential: Credential, key: str) -> Subscription:
        """Return one by its id."""
        return _subscription(rest.value(credential, f"/subscriptions/id/{quote(key, safe='')}"))

    def add_subscription(
        self, credential: Credential, account: str, name: str, wish: SubscriptionWish
    ) -> str:
        """Make one for whatever comes from now on."""
        options = {**_options(wish), "retroactive": False, "dry_run": False}
        return _write(credential, "POST", _path(account, name), options).strip()

    def update_subscription(
        self, credential: Credential, account: str, name: str, wish: SubscriptionWish
    ) -> None:
        """Write one anew; Rucio then takes it up again if it was retired."""
        _write(credential, "PUT", _path(account, name), _options(wish))

    def retire_subscription(self, credential: Credential, account: str, name: str) -> None:
        """Switch one off: Rucio cannot delete any."""
        _write(credential, "PUT", _path(account, name), {"state": RETIRED})

    def rules_of_subscription(
        self, credential: Credential, account: str, name: str, *, limit: int
    ) -> tuple[Rule, ...]:
        """Return the newest rules that one made."""
        rows = rest.rows(credential, f"{_path(account, name)}/rules")
        found = sorted(map(parsing.rule_of, rows), key=_age, reverse=True)
        return tuple(found[:limit])

    def resolve_storages(self, credential: Credential, expression: str) -> tuple[str, ...]:
        """Return what an expression names."""
        return resolved(credential, expression)


def _age(rule: Rule) -> tuple[datetime, str]:
    return rule.created_at or LONG_AGO, rule.id


def _path(account: str, name: str) -> str:
    return f"/subscriptions/{quote(account, safe='')}/{quote(name, safe='')}"


def _write(credential: Credential, method: str, path: str, options: Mapping[str, Any]) -> str:
    try:
        return rest.ask(credential, method, path, body={"options": options}).text
    except Forbidden as exc:
        raise Forbidden(
            "Rucio does not let your account do this to subscriptions. Ask a data manager.",
            service=rest.SERVICE,
        ) from exc
    except InvalidRequest as exc:
        raise InvalidRequest(
            "Rucio does not take this subscription: check its filter and the activities.",
            service=rest.SERVICE,
        ) from exc


def _options(wish: SubscriptionWish) -> dict[str, Any]:
    return {
        "filter": _filter(wish.filter),
        "replication_rules": [_rule(rule) for rule in wish.rules],
        # Without a text Rucio's rules would say "None".
        "comments": wish.comment or " ",
        "lifetime": wish.lifetime_days,
        "priority": wish.priority,
    }


def _filter(wanted: SubscriptionFilter) -> dict[str, Any]:
    # Rucio reads a text in the place of a list letter by letter.
    types = [text.upper() for text in wanted.types]
    lists = {"scope": wanted.scopes, "did_type": types, "account": wanted.accounts}
    texts = {"pattern": wanted.pattern, "excluded_pattern": wanted.excluded_pattern}
    found: dict[str, Any] = {key: list(values) for key, values in lists.items() if values}
    found |= {key: text for key, text in texts.items() if text}
    found |= {key: list(values) for key, values in wanted.metadata.items()}
    return {**wanted.extra, **found}


def _rule(rule: SubscriptionRule) -> dict[str, Any]:
    written: dict[str, Any] = {
        **rule.extra, "rse_expression": rule.storage, "copies": rule.copies or ALL
    }  # fmt: skip
    if rule.lifetime_seconds:
        written["lifetime"] = rule.lifetime_seconds
    # Rucio's own default is none that its schema takes.
    written["activity"] = rule.activity or DEFAULT_ACTIVITY
    return written


def _subscription(row: Mapping[str, Any]) -> Subscription:
    created = parsing.time_of(row.get("created_at"))
    processed = parsing.time_of(row.get("last_processed"))
    return Subscription(
        id=row["id"],
        name=row["name"],
        account=row["account"],
        state=STATES.get(row["state"], SubscriptionState.ACTIVE),
        filter=_filter_of(_inner(row.get("filter"), {})),
        rules=tuple(map(_rule_of, _inner(row.get("replication_rules"), []))),
        comment=(row.get("comments") or "").strip(),
        priority=row.get("policyid") or 3,
        created_at=created,
        updated_at=parsing.time_of(row.get("updated_at")),
        # Rucio writes the start of its server there until the first time.
        processed_at=processed if processed and created and processed >= created else None,
        ends_at=parsing.time_of(row.get("lifetime")),
    )


def _inner(text: object, empty: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) and text else empty
    except ValueError:
        return empty


def _filter_of(told: Mapping[str, Any]) -> SubscriptionFilter:
    metadata = {
        key: _texts(value)
        for key, value in told.items()
        if key not in PARTS and key not in STEERING
    }
    return SubscriptionFilter(
        scopes=_texts(told.get("scope")),
        types=tuple(text.lower() for text in _texts(told.get("did_type"))),
        pattern=str(told.get("pattern") or ""),
        excluded_pattern=str(told.get("excluded_pattern") or ""),
        accounts=_texts(told.get("account")),
        metadata=metadata,
        extra={key: told[key] for key in told if key in STEERING},
    )


def _rule_of(told: Mapping[str, Any]) -> SubscriptionRule:
    copies, lifetime = str(told.get("copies", 1)), str(told.get("lifetime") or "")
    return SubscriptionRule(
        storage=str(told.get("rse_expression") or ""),
        copies=int(copies) if copies.isdigit() else 0,
        lifetime_seconds=int(lifetime) if lifetime.isdigit() else None,
        activity=str(told.get("activity") or ""),
        extra={key: told[key] for key in told if key not in RULE_KEYS},
    )


def _texts(told: object) -> tuple[str, ...]:
    if told is None:
        return ()
    return tuple(map(str, told)) if isinstance(told, list | tuple) else (str(told),)
