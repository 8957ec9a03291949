"""Subscriptions, as the fake claims and as Rucio does, up to the rule that one makes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from accounts.credentials import Credential
from data_mgmt.backends import Rule
from data_mgmt.backends.subscriptions import (
    Subscription,
    SubscriptionFilter,
    SubscriptionRule,
    SubscriptionState,
    SubscriptionWish,
)
from tests.contract.managers import Two, two_people
from tests.contract.test_data_backend import KINDS
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

ACTIVITY = "User Subscriptions"


@pytest.fixture(scope="module", params=KINDS)
def two(request: pytest.FixtureRequest) -> Iterator[Two]:
    """A researcher and a data manager."""
    yield from two_people(request.param)


def scope_of(who: Credential) -> str:
    return f"user.{who.account}"


def wish(two: Two, mark: str, **more: object) -> SubscriptionWish:
    """What the data manager wants: a copy of each dataset of theirs with a mark."""
    wanted = SubscriptionFilter(
        scopes=(f"{scope_of(two.manager)}$",),
        types=("dataset",),
        pattern="contract",
        metadata={"campaign": (f"{mark}$",)},
    )
    rule = SubscriptionRule("PIC-DISK", 1, 30 * 86400, ACTIVITY)
    return SubscriptionWish(wanted, (rule,), **{"comment": "contract", **more})  # type: ignore[arg-type]


@pytest.fixture
def mark() -> str:
    return uuid.uuid4().hex[:8]


@pytest.fixture
def made(two: Two, mark: str) -> Iterator[Subscription]:
    """A subscription of the data manager's."""
    name = f"contract-{mark}"
    key = two.backend.add_subscription(two.manager, two.manager.account, name, wish(two, mark))
    yield two.backend.get_subscription(two.manager, key)
    two.backend.retire_subscription(two.manager, two.manager.account, name)


def test_a_subscription_is_as_it_was_wanted(two: Two, mark: str, made: Subscription) -> None:
    wanted = wish(two, mark)

    assert (made.account, made.name) == (two.manager.account, f"contract-{mark}")
    assert (made.filter, made.rules, made.comment) == (wanted.filter, wanted.rules, "contract")
    assert (made.state, made.priority) == (SubscriptionState.ACTIVE, 3)
    assert made.ends_at is None


def test_it_is_listed_to_its_owner_and_with_all_others(two: Two, made: Subscription) -> None:
    mine = two.backend.list_subscriptions(two.manager, two.manager.account)
    everybody = two.backend.list_subscriptions(two.who)

    assert made.id in [each.id for each in mine]
    assert made.id in [each.id for each in everybody]
    assert {each.account for each in mine} == {two.manager.account}


def test_nobody_has_a_list_that_is_empty(two: Two) -> None:
    assert two.backend.list_subscriptions(two.who, f"nobody-{uuid.uuid4().hex[:6]}") == ()


def test_new_data_that_fits_gets_a_rule_by_itself(two: Two, mark: str, made: Subscription) -> None:
    fitting = two.new_dataset(two.manager, f"contract.{mark}", campaign=mark)
    two.new_dataset(two.manager, f"other.{mark}", campaign=mark)
    two.new_dataset(two.manager, f"contract.{mark}.x", campaign=f"{mark}x")

    two.until(lambda: bool(_rules(two, made)))

    rules = _rules(two, made)
    assert [(rule.did, rule.storage, rule.account) for rule in rules] == [
        (fitting, "PIC-DISK", two.manager.account)
    ]
    assert (rules[0].comment, rules[0].activity) == ("contract", ACTIVITY)
    two.until(lambda: two.backend.get_subscription(two.who, made.id).processed_at is not None)
    two.backend.cancel_rule(two.manager, rules[0].id)


def _rules(two: Two, made: Subscription) -> tuple[Rule, ...]:
    return two.backend.rules_of_subscription(two.who, made.account, made.name, limit=10)


def test_a_name_is_taken_once(two: Two, mark: str, made: Subscription) -> None:
    with pytest.raises(Conflict):
        two.backend.add_subscription(two.manager, made.account, made.name, wish(two, mark))


def test_a_change_is_written_and_an_end_set(two: Two, mark: str, made: Subscription) -> None:
    other = wish(two, f"{mark}y", comment="changed", lifetime_days=20, priority=2)

    two.backend.update_subscription(two.manager, made.account, made.name, other)

    found = two.backend.get_subscription(two.manager, made.id)
    assert (found.filter, found.comment, found.priority) == (other.filter, "changed", 2)
    assert found.ends_at is not None
    left = found.ends_at - datetime.now(UTC)
    assert abs(left - timedelta(days=20)) < timedelta(minutes=2)


def test_a_retired_one_goes_on_when_it_is_changed(two: Two, mark: str, made: Subscription) -> None:
    two.backend.retire_subscription(two.manager, made.account, made.name)
    retired = two.backend.get_subscription(two.manager, made.id).state
    two.backend.update_subscription(two.manager, made.account, made.name, wish(two, mark))

    assert retired is SubscriptionState.RETIRED
    found = two.backend.get_subscription(two.manager, made.id)
    assert found.state is SubscriptionState.ACTIVE


def test_a_researcher_makes_none_and_changes_none_of_others(
    two: Two, mark: str, made: Subscription
) -> None:
    with pytest.raises(Forbidden):
        two.backend.add_subscription(two.who, two.who.account, f"x-{mark}", wish(two, mark))
    with pytest.raises(Forbidden):
        two.backend.update_subscription(two.who, made.account, made.name, wish(two, mark))
    with pytest.raises(Forbidden):
        two.backend.retire_subscription(two.who, made.account, made.name)


def test_an_owner_edits_and_retires_what_a_data_manager_made(two: Two, mark: str) -> None:
    name = f"contract-own-{mark}"
    key = two.backend.add_subscription(two.manager, two.who.account, name, wish(two, mark))

    two.backend.update_subscription(two.who, two.who.account, name, wish(two, mark, comment="mine"))
    two.backend.retire_subscription(two.who, two.who.account, name)

    found = two.backend.get_subscription(two.who, key)
    assert (found.comment, found.state) == ("mine", SubscriptionState.RETIRED)


def test_an_unknown_one_is_not_found(two: Two, mark: str) -> None:
    with pytest.raises(NotFound):
        two.backend.get_subscription(two.manager, "0" * 32)
    with pytest.raises(NotFound):
        two.backend.update_subscription(
            two.manager, two.manager.account, f"none-{mark}", wish(two, mark)
        )
    with pytest.raises(NotFound):
        two.backend.retire_subscription(two.manager, two.manager.account, f"none-{mark}")


def test_an_expression_names_storages_or_is_refused(two: Two) -> None:
    assert two.backend.resolve_storages(two.who, "PIC-DISK") == ("PIC-DISK",)
    disks = two.backend.resolve_storages(two.who, "type=DISK")
    assert {"CERN-DISK", "LAPP-DISK", "PIC-DISK"} <= set(disks)
    assert "CNAF-TAPE" not in disks
    for wrong in ("NOWHERE", "(a|", "country=Mars"):
        with pytest.raises(InvalidRequest) as refused:
            two.backend.resolve_storages(two.who, wrong)
        assert refused.value.field == "storage"
