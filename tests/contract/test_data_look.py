"""Lists of a collection as they come: the fake and Rucio give the same."""

from __future__ import annotations

import pytest

from data_mgmt.backends import Did, DidType
from tests.contract.test_data_backend import DATASET, World, world
from vre_portal.errors import NotFound

__all__ = ["world"]
NOWHERE = Did("cms", "no-such-thing")


def _container(world: World) -> Did:
    page = world.backend.search_dids(world.who, "cms", type=DidType.CONTAINER)
    return page.items[0].did


def test_each_file_of_a_dataset_comes(world: World) -> None:
    listed = world.backend.list_files(world.who, DATASET, limit=100)

    came = [*world.backend.each_file(world.who, DATASET)]

    assert sorted(came, key=lambda file: file.did) == [*listed]
    assert len(came) == world.backend.get_did(world.who, DATASET).files


def test_each_file_below_a_container_comes(world: World) -> None:
    came = {file.did for file in world.backend.each_file(world.who, _container(world))}

    assert {file.did for file in world.backend.list_files(world.who, DATASET, limit=9)} <= came


def test_each_child_of_a_container_comes(world: World) -> None:
    box = _container(world)

    came = {info.did: info.type for info in world.backend.each_child(world.who, box)}

    listed = world.backend.list_contents(world.who, box, limit=100)
    assert came == {info.did: info.type for info in listed}
    assert came[DATASET] is DidType.DATASET


def test_what_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        [*world.backend.each_file(world.who, NOWHERE)]
    with pytest.raises(NotFound):
        [*world.backend.each_child(world.who, NOWHERE)]
