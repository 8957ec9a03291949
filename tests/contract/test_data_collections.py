"""Collections made, changed and erased, copies declared bad, and groups: the fake and Rucio."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_mgmt.backends import Did, DidType, RuleState
from data_mgmt.backends.rucio import rest
from tests.contract.test_data_backend import DATASET, KINDS, SMALL, World, _fake, _real
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

GROUP = "contract"


@pytest.fixture(scope="module", params=KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The small world of the data backend's cases."""
    yield from (_real() if request.param == "real" else _fake())


def new(world: World, scope: str = "") -> Did:
    """Return a name that is free."""
    return Did(scope or f"user.{world.who.account}", f"collected-{uuid.uuid4().hex[:12]}")


def changes(world: World, did: Did, files: list[Did]) -> list[Callable[[], None]]:
    """Return what may be tried on a collection."""
    backend, who = world.backend, world.who
    return [
        lambda: backend.attach(who, did, files),
        lambda: backend.detach(who, did, files),
        lambda: backend.set_open(who, did, is_open=True),
        lambda: backend.erase(who, did, seconds=60),
    ]


@pytest.fixture
def mine(world: World) -> Did:
    """A new dataset of the person's own."""
    did = new(world)
    world.backend.make(world.who, did, DidType.DATASET)
    return did


@pytest.fixture(scope="module")
def files(world: World) -> list[Did]:
    """Files of the seed."""
    return [file.did for file in world.backend.list_files(world.who, DATASET, limit=3)]


@pytest.fixture
def group(world: World) -> Iterator[str]:
    """A group's account, for which the person acts during the test."""
    service = world.backend.service_credential()
    world.backend.ensure_group(service, GROUP, quota_bytes=10**9)
    world.backend.set_marks(service, world.who.account, groups=[GROUP], is_data_manager=False)
    yield GROUP
    world.backend.set_marks(service, world.who.account, groups=[], is_data_manager=False)


def test_a_collection_is_made_empty_and_open(world: World, mine: Did) -> None:
    info = world.backend.get_did(world.who, mine)

    assert (info.type, info.is_open, info.files, info.account) == (
        DidType.DATASET, True, 0, world.who.account,
    )  # fmt: skip
    assert info.expires_at is None
    with pytest.raises(Conflict):
        world.backend.make(world.who, mine, DidType.CONTAINER)
    with pytest.raises(Forbidden):
        world.backend.make(world.who, new(world, "cms"), DidType.DATASET)


def test_files_go_in_and_out_all_or_none(world: World, mine: Did, files: list[Did]) -> None:
    world.backend.attach(world.who, mine, files[:2])
    world.backend.attach(world.who, mine, files)  # those that are in it stay
    assert dict(world.backend.members(world.who, mine)) == dict.fromkeys(files, DidType.FILE)

    with pytest.raises(NotFound):
        world.backend.attach(world.who, mine, [Did("cms", "no-such-thing")])
    with pytest.raises(InvalidRequest):
        world.backend.attach(world.who, mine, [SMALL])
    world.backend.detach(world.who, mine, files[:1])
    with pytest.raises(NotFound):
        world.backend.detach(world.who, mine, files[:2])

    assert {did for did, _kind in world.backend.members(world.who, mine)} == {*files[1:]}
    assert mine in world.backend.parents_of(world.who, [files[1], files[2]])
    assert DATASET in world.backend.parents_of(world.who, [files[1]])


def test_a_container_does_not_hold_what_holds_it(world: World) -> None:
    inner, outer = new(world), new(world)
    for did in (inner, outer):
        world.backend.make(world.who, did, DidType.CONTAINER)
    world.backend.attach(world.who, outer, [inner])

    with pytest.raises(InvalidRequest):
        world.backend.attach(world.who, inner, [outer])
    with pytest.raises(InvalidRequest):
        world.backend.attach(world.who, inner, [inner])


def test_it_is_closed_and_opened_again(world: World, mine: Did, files: list[Did]) -> None:
    for _ in range(2):
        world.backend.set_open(world.who, mine, is_open=False)
    assert not world.backend.get_did(world.who, mine).is_open
    with pytest.raises(InvalidRequest):
        world.backend.attach(world.who, mine, files)

    world.backend.set_open(world.who, mine, is_open=True)

    assert world.backend.get_did(world.who, mine).is_open


def test_others_collections_are_not_changed(world: World, files: list[Did]) -> None:
    for change in changes(world, DATASET, files):
        with pytest.raises(Forbidden):
            change()


def test_what_is_not_there_is_not_changed(world: World, files: list[Did]) -> None:
    nothing = new(world)

    for change in changes(world, nothing, files):
        with pytest.raises(NotFound):
            change()
    assert [*world.backend.parents_of(world.who, [nothing])] == []
    assert world.backend.metadata_of(world.who, [nothing, DATASET]).keys() == {DATASET}


def test_an_end_is_set_told_and_taken_back(world: World, mine: Did) -> None:
    world.backend.erase(world.who, mine, seconds=3600)

    ends = world.backend.get_did(world.who, mine).expires_at
    assert ends is not None
    assert abs(ends - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)
    world.backend.erase(world.who, mine, seconds=None)
    assert world.backend.get_did(world.who, mine).expires_at is None


@pytest.mark.parametrize("world", KINDS[1:], indirect=True)
def test_rucio_takes_away_what_has_ended_with_its_rules(world: World, files: list[Did]) -> None:
    mine = new(world)
    world.backend.make(world.who, mine, DidType.DATASET)
    world.backend.attach(world.who, mine, files[:1])
    rule = world.backend.add_rule(world.who, mine, storage="CERN-DISK")

    world.backend.erase(world.who, mine, seconds=1)

    def is_gone() -> bool:
        try:
            world.backend.get_did(world.who, mine)
        except NotFound:
            return True
        return False

    world.until(is_gone)
    with pytest.raises(NotFound):
        world.backend.get_rule(world.who, rule)
    assert world.backend.get_did(world.who, files[0]).bytes


def test_a_copy_is_declared_bad_by_data_managers(world: World, files: list[Did]) -> None:
    with pytest.raises(Forbidden):
        world.backend.declare_bad(world.who, files[0], storage="CERN-DISK", reason="a test")


@pytest.mark.parametrize("world", KINDS[1:], indirect=True)
def test_rucio_makes_a_bad_copy_anew(world: World) -> None:
    """Of a file of the person's own with two copies; the service declares, as a manager may."""
    from tests.contract.test_rucio_server import member
    from tests.signin import running_stack

    content = b"as it should be"
    person = member(running_stack(), "researcher")
    dataset = Did(person.scope, person.dataset(content))
    file = Did(person.scope, f"{dataset.name}.0")
    rules = [
        world.backend.add_rule(world.who, dataset, storage=storage)
        for storage in ("CERN-DISK", "LAPP-DISK")
    ]
    world.until(
        lambda: all(world.backend.get_rule(world.who, rule).state is RuleState.OK for rule in rules)
    )
    place: Path = person.place(file.name, "LAPP-DISK")
    place.write_bytes(b"as it should bE")
    service = world.backend.service_credential()

    world.backend.declare_bad(service, file, storage="LAPP-DISK", reason="a test")

    with pytest.raises(Conflict):
        world.backend.declare_bad(service, file, storage="LAPP-DISK", reason="a test")
    with pytest.raises(NotFound):
        world.backend.declare_bad(service, file, storage="PIC-DISK", reason="a test")
    world.until(lambda: place.exists() and place.read_bytes() == content)
    world.until(lambda: world.backend.get_rule(world.who, rules[1]).state is RuleState.OK)


def test_metadata_of_several_comes_in_one_answer(world: World, mine: Did) -> None:
    marks = {"embargo_until": "2030-01-31", "embargo_group": "/escape/cms"}
    world.backend.set_metadata(world.who, mine, {**marks})

    found = world.backend.metadata_of(world.who, [mine, DATASET])

    assert found[mine] == marks
    assert found[DATASET]["instrument"] == "synthetic"


def test_a_member_acts_for_the_group(world: World, group: str, files: list[Did]) -> None:
    did = new(world, f"group.{group}")
    assert world.backend.scopes_of(world.who, group) == (f"group.{group}",)

    world.backend.make(world.who, did, DidType.DATASET, account=group)
    world.backend.attach(world.who, did, files[:1])
    world.backend.set_metadata(world.who, did, {"title": "Ours"})
    rule = world.backend.add_rule(world.who, did, storage="LAPP-DISK", account=group)

    assert world.backend.get_did(world.who, did).account == group
    assert world.backend.may_describe(world.who, did)
    assert world.backend.get_rule(world.who, rule).account == group
    assert {row.storage: row.limit for row in world.backend.usage(world.who, account=group)}[
        "LAPP-DISK"
    ] == 10**9
    world.backend.set_comment(world.who, rule, "ours")
    world.backend.cancel_rule(world.who, rule)
    world.backend.set_open(world.who, did, is_open=False)
    world.backend.erase(world.who, did, seconds=1)


def test_who_is_no_member_any_more_does_not(world: World, group: str) -> None:
    service = world.backend.service_credential()
    world.backend.set_marks(service, world.who.account, groups=[], is_data_manager=False)
    did = new(world, f"group.{group}")

    with pytest.raises(Forbidden):
        world.backend.make(world.who, did, DidType.DATASET, account=group)
    with pytest.raises(Forbidden):
        world.backend.make(world.who, new(world), DidType.DATASET, account=group)
    with pytest.raises(Forbidden):
        world.backend.add_rule(world.who, SMALL, storage="PIC-DISK", account=group)
    assert not world.backend.may_describe(world.who, did)


def test_a_groups_account_is_made_once(world: World, group: str) -> None:
    service = world.backend.service_credential()

    assert not world.backend.ensure_group(service, group, quota_bytes=1)
    world.backend.set_marks(service, "no-such-account", groups=[group], is_data_manager=True)
    if not isinstance(world.backend, FakeDataBackend):
        with pytest.raises(NotFound):
            rest.value(service, "/accounts/no-such-account")
