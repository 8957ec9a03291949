"""Storages in full and written metadata, as the fake claims and as Rucio does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from data_mgmt.backends import Did, DidType, Value
from data_mgmt.backends.rucio import rest
from tests.contract.test_data_backend import DATASET, KINDS, SMALL, World, _fake, _real
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import Forbidden, InvalidRequest, NotFound


@pytest.fixture(scope="module", params=KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The small world of the data backend's cases."""
    yield from (_real() if request.param == "real" else _fake())


@pytest.fixture
def mine(world: World) -> Did:
    """A new dataset in the person's own scope."""
    did = Did(f"user.{world.who.account}", f"described_{uuid.uuid4().hex[:12]}")
    if isinstance(world.backend, FakeDataBackend):
        return world.backend.add_dataset(str(did))
    rest.ask(world.who, "POST", f"/dids/{rest.did_path(did)}", body={"type": "DATASET"})
    return did


def test_ones_own_data_may_be_described_and_no_other(world: World, mine: Did) -> None:
    assert world.backend.may_describe(world.who, mine)
    assert not world.backend.may_describe(world.who, DATASET)


def test_values_keep_their_type_and_a_key_is_taken_away(world: World, mine: Did) -> None:
    values: dict[str, Value | None] = {
        "text": "<b>ü</b>",
        "whole": 2**62,
        "float": 13.5,
        "truth": True,
        "a/b c": "x",
    }
    world.backend.set_metadata(world.who, mine, values)

    world.backend.set_metadata(world.who, mine, {"text": "other", "a/b c": None})

    found = world.backend.metadata(world.who, mine)
    wanted = {"text": "other", "whole": 2**62, "float": 13.5, "truth": True}
    assert {key: found[key] for key in wanted} == wanted
    assert {type(found[key]) for key in ("whole", "float", "truth")} == {int, float, bool}
    assert "a/b c" not in found


def test_a_key_that_is_not_there_is_not_taken_away(world: World, mine: Did) -> None:
    world.backend.set_metadata(world.who, mine, {"a": 1})

    with pytest.raises(NotFound):
        world.backend.set_metadata(world.who, mine, {"b": None})


@pytest.mark.parametrize("key", ["bytes", "project", "account", "a.b"])
def test_a_key_of_the_catalogue_itself_is_refused(world: World, mine: Did, key: str) -> None:
    with pytest.raises(InvalidRequest):
        world.backend.check_metadata(world.who, mine, {key: "x"})
    with pytest.raises(InvalidRequest):
        world.backend.set_metadata(world.who, mine, {key: "x"})


@pytest.mark.parametrize("value", ["new", None])
def test_what_belongs_to_another_is_neither_written_nor_taken_away(
    world: World, value: str | None
) -> None:
    with pytest.raises(Forbidden):
        world.backend.set_metadata(world.who, DATASET, {"instrument": value})

    assert world.backend.metadata(world.who, DATASET)["instrument"] == "synthetic"


def test_what_is_not_there_is_not_described(world: World) -> None:
    nothing = Did(f"user.{world.who.account}", "no-such-thing")

    with pytest.raises(NotFound):
        world.backend.set_metadata(world.who, nothing, {"a": 1})
    with pytest.raises(NotFound):
        world.backend.made_at(world.who, nothing)


def test_it_is_known_when_a_did_was_made(world: World) -> None:
    assert world.backend.made_at(world.who, DATASET) is not None


def test_a_storage_is_told_in_full(world: World) -> None:
    details = world.backend.get_storage(world.who, "CERN-DISK")

    assert details.storage.name == "CERN-DISK"
    assert details.storage.country == "Switzerland"
    assert (details.storage.free or 0) > 0
    assert details.is_readable
    assert details.attributes["greedyDeletion"]
    assert sorted(door.scheme for door in details.doors) == ["file", "http"]
    assert (details.min_free or 0) > 0


def test_an_unknown_storage_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.backend.get_storage(world.who, "ATLANTIS")
    with pytest.raises(NotFound):
        world.backend.datasets_at(world.who, "ATLANTIS", limit=5)


def test_the_datasets_at_a_storage_are_told(world: World) -> None:
    found = world.backend.datasets_at(world.who, "CERN-DISK", limit=500)

    (row,) = [row for row in found if row.did == DATASET]
    assert row.is_complete
    assert len(world.backend.datasets_at(world.who, "CERN-DISK", limit=1)) == 1


def test_where_several_datasets_are_is_one_question(world: World) -> None:
    found = world.backend.where_datasets(world.who, [DATASET, SMALL, Did("cms", "no-such-thing")])

    assert {row.did for row in found} == {DATASET, SMALL}
    whole = world.backend.get_did(world.who, DATASET)
    at_cern = next(row for row in found if (row.did, row.storage) == (DATASET, "CERN-DISK"))
    assert (at_cern.files, at_cern.bytes) == (whole.files, whole.bytes)
    assert whole.type is DidType.DATASET
    assert world.backend.where_datasets(world.who, []) == ()
