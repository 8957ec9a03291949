"""Rules while they stand, as the fake claims and as Rucio does: changed, followed file by file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_mgmt.backends import Rule, RuleState
from data_mgmt.backends.values import file_key
from tests.contract.test_data_backend import DATASET, KINDS, World, _fake, _real
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import Forbidden, NotFound

UNKNOWN = "0" * 32
CHANGES: dict[str, tuple[Any, ...]] = {
    "set_lifetime": (3600,),
    "set_comment": ("mine",),
    "boost_rule": (),
    "end_rule_later": (),
    "cancel_rule": (),
}


@pytest.fixture(scope="module", params=KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The small world of the data backend's cases."""
    yield from (_real() if request.param == "real" else _fake())


@pytest.fixture(scope="module")
def rule_id(world: World) -> Iterator[str]:
    """A rule of the person's own on a dataset of some files, which have all arrived."""
    found = world.backend.list_rules(world.who)
    for old in (rule for rule in found if rule.did == DATASET):
        world.backend.cancel_rule(world.who, old.id)
        world.until(lambda old=old: _gone(world, old.id))  # type: ignore[misc]
    made = world.backend.add_rule(world.who, DATASET, storage="PIC-DISK")
    world.move(made)
    world.until(lambda: world.backend.get_rule(world.who, made).state is RuleState.OK)
    yield made
    world.backend.cancel_rule(world.who, made)
    world.until(lambda: _gone(world, made))


def _gone(world: World, rule_id: str) -> bool:
    try:
        world.backend.get_rule(world.who, rule_id)
    except NotFound:
        return True
    return False


def _rule(world: World, rule_id: str) -> Rule:
    return world.backend.get_rule(world.who, rule_id)


def _left(rule: Rule) -> timedelta:
    assert rule.expires_at is not None
    return rule.expires_at - datetime.now(UTC)


def test_a_lifetime_counts_from_now_and_may_be_taken_away(world: World, rule_id: str) -> None:
    world.backend.set_lifetime(world.who, rule_id, 7 * 86400)
    week = _left(_rule(world, rule_id))
    world.backend.set_lifetime(world.who, rule_id, None)

    assert abs(week - timedelta(days=7)) < timedelta(minutes=2)
    assert _rule(world, rule_id).expires_at is None


def test_a_comment_is_written(world: World, rule_id: str) -> None:
    world.backend.set_comment(world.who, rule_id, "<b>for the thesis</b>, 100 %")

    assert _rule(world, rule_id).comment == "<b>for the thesis</b>, 100 %"


def test_a_boost_harms_no_rule_that_is_complete(world: World, rule_id: str) -> None:
    world.backend.boost_rule(world.who, rule_id)

    assert _rule(world, rule_id).state is RuleState.OK


def test_a_later_end_is_an_hour_away_and_can_be_moved(world: World, rule_id: str) -> None:
    world.backend.end_rule_later(world.who, rule_id)
    hour = _left(_rule(world, rule_id))
    world.backend.set_lifetime(world.who, rule_id, None)

    assert timedelta(minutes=58) < hour <= timedelta(minutes=61)
    assert _rule(world, rule_id).expires_at is None


def test_a_later_end_does_not_lengthen_a_shorter_life(world: World, rule_id: str) -> None:
    world.backend.set_lifetime(world.who, rule_id, 1200)
    world.backend.end_rule_later(world.who, rule_id)
    left = _left(_rule(world, rule_id))
    world.backend.set_lifetime(world.who, rule_id, None)

    assert left <= timedelta(minutes=20)


def test_files_of_a_rule_come_page_by_page_without_gap(world: World, rule_id: str) -> None:
    seen: list[str] = []
    after = ""
    while True:
        part = world.backend.list_file_states(world.who, rule_id, limit=4, after=after)
        seen += [file_key(row) for row in part.items]
        after = part.next
        if not after:
            break

    files = world.backend.list_files(world.who, DATASET, limit=100)
    assert seen == [f"{file.did} PIC-DISK" for file in files]


def test_files_are_filtered_by_state(world: World, rule_id: str) -> None:
    there = world.backend.list_file_states(world.who, rule_id, states=[RuleState.OK], limit=2)
    stuck = world.backend.list_file_states(world.who, rule_id, states=[RuleState.STUCK], limit=2)

    assert [(row.state, row.reason) for row in there.items] == [(RuleState.OK, "")] * 2
    assert (stuck.items, stuck.next) == ((), "")


def test_an_unknown_rule_has_no_files(world: World) -> None:
    with pytest.raises(NotFound):
        world.backend.list_file_states(world.who, UNKNOWN, limit=5)


@pytest.mark.parametrize("method", CHANGES)
def test_an_unknown_rule_cannot_be_changed(world: World, method: str) -> None:
    with pytest.raises(NotFound):
        getattr(world.backend, method)(world.who, UNKNOWN, *CHANGES[method])


@pytest.mark.parametrize("method", CHANGES)
def test_the_rule_of_another_cannot_be_changed(world: World, method: str) -> None:
    rule = _rule_of_another(world)

    with pytest.raises(Forbidden):
        getattr(world.backend, method)(world.who, rule.id, *CHANGES[method])

    assert world.backend.get_rule(world.who, rule.id).expires_at == rule.expires_at


def _rule_of_another(world: World) -> Rule:
    service = world.backend.service_credential()
    rules = world.backend.rules_of(service, DATASET)
    others = [rule for rule in rules if rule.account != world.who.account]
    if others:
        return others[0]
    assert isinstance(world.backend, FakeDataBackend)
    world.backend.set_limit("root", "PIC-DISK", GIB)
    made = world.backend.add_rule(service, DATASET, storage="PIC-DISK")
    return world.backend.get_rule(service, made)
