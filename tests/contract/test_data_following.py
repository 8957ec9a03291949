"""How rules go on, as the fake claims and as Rucio tells: changes, transfers, approval, hurry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from data_mgmt.backends import Did, RuleState
from tests.contract.test_data_backend import KINDS, SMALL, World, _fake, _real
from vre_portal.errors import Forbidden, NotFound

UNKNOWN = "0" * 32
STORAGE = "PIC-DISK"
OVERLAP = timedelta(seconds=30)


@pytest.fixture(scope="module", params=KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The small world of the data backend's cases."""
    yield from (_real() if request.param == "real" else _fake())


@pytest.fixture(scope="module")
def waiting(world: World) -> Iterator[str]:
    """A rule of the person's own that waits for an approver, made with an activity."""
    for old in world.backend.list_rules(world.who):
        if (old.did, old.storage) == (SMALL, STORAGE):
            world.backend.cancel_rule(world.who, old.id)
            world.until(lambda old=old: _gone(world, old.id))  # type: ignore[misc]
    made = world.backend.add_rule(
        world.who, SMALL, storage=STORAGE, ask_approval=True, activity="Analysis Input"
    )
    yield made
    world.backend.cancel_rule(world.who, made)


def _gone(world: World, rule_id: str) -> bool:
    try:
        world.backend.get_rule(world.who, rule_id)
    except NotFound:
        return True
    return False


def test_a_rule_that_asks_for_approval_waits_with_its_activity(world: World, waiting: str) -> None:
    rule = world.backend.get_rule(world.who, waiting)

    assert rule.state is RuleState.WAITING_APPROVAL
    assert rule.activity == "Analysis Input"


def test_a_change_of_anybodys_rule_is_told_to_the_service(world: World, waiting: str) -> None:
    service = world.backend.service_credential()

    found = {rule.id: rule for rule in world.backend.rules_changed(service, _now() - OVERLAP)}

    changed = found[waiting].updated_at
    assert found[waiting].account == world.who.account
    assert changed is not None
    assert abs(changed - _now()) < OVERLAP


def test_what_did_not_change_is_not_told(world: World, waiting: str) -> None:
    service = world.backend.service_credential()

    found = world.backend.rules_changed(service, _now() + timedelta(minutes=5))

    assert [*found] == []


def test_a_file_without_a_transfer_has_none(world: World) -> None:
    (file, *_others) = world.backend.list_files(world.who, SMALL, limit=1)

    assert world.backend.transfer_of(world.who, file.did, STORAGE) is None
    assert world.backend.transfer_of(world.who, Did("astro", "nothing"), STORAGE) is None


def test_ones_own_rule_may_be_hurried(world: World, waiting: str) -> None:
    world.backend.hurry_rule(world.who, waiting)

    assert world.backend.get_rule(world.who, waiting).state is RuleState.WAITING_APPROVAL


def test_an_unknown_rule_cannot_be_hurried(world: World) -> None:
    with pytest.raises((NotFound, Forbidden)):
        world.backend.hurry_rule(world.who, UNKNOWN)


def test_storages_tell_whether_they_give_data_and_who_approves(world: World) -> None:
    (storage,) = (each for each in world.backend.list_storages(world.who) if each.name == STORAGE)

    assert (storage.is_readable, storage.approvers, storage.takes_approval) == (True, (), True)


def _now() -> datetime:
    return datetime.now(UTC)
