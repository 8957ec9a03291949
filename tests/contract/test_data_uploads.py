"""New files, as the fake claims to store and register them and as Rucio and a storage's door do."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from accounts.credentials import Credential
from data_mgmt.backends import Did, DidType, FileEntry
from data_mgmt.backends.uploads import NewFile, Stored
from tests.contract.test_data_backend import KINDS, World, _fake, _real
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, PortalError

STORAGE = "LAPP-DISK"


@dataclass
class Lake:
    """A data service, somebody who may, and their token for storages."""

    world: World
    door: Credential

    def did(self, name: str = "") -> Did:
        """Return a new DID of theirs."""
        return Did(f"user.{self.world.who.account}", f"up_{uuid.uuid4().hex[:10]}{name}")

    def put(self, did: Did, content: bytes) -> str:
        """Store bytes for a DID and return where they are."""
        address = self.world.backend.write_address(self.world.who, did, STORAGE)
        self.world.backend.store(self.door, address, Content(content))
        return address


@dataclass
class Content:
    """Bytes in pieces of seven."""

    content: bytes

    def __len__(self) -> int:
        return len(self.content)

    def __iter__(self) -> Iterator[bytes]:
        return (self.content[at : at + 7] for at in range(0, len(self.content), 7))


@pytest.fixture(scope="module", params=KINDS)
def lake(request: pytest.FixtureRequest) -> Iterator[Lake]:
    """The same lake on the fake, and on the demo's Rucio with its storages' door."""
    for world in _real() if request.param == "real" else _fake():
        yield Lake(world, _door(world) if request.param == "real" else world.who)


def _door(world: World) -> Credential:
    from tests.signin import exchange, running_stack, sign_in

    stack = running_stack()
    token = exchange(stack, sign_in(stack, "researcher"), get_config().storage_audience)
    return replace(world.who, audience="storage", token=token)


def new(did: Did, content: bytes) -> NewFile:
    return NewFile(FileEntry(did, len(content), f"{zlib.adler32(content):08x}"), "0" * 32)


@pytest.mark.parametrize("content", [b"", b"x", b"a few more bytes"])
def test_bytes_are_stored_looked_at_and_removed(lake: Lake, content: bytes) -> None:
    address = lake.put(lake.did("/a/b.dat"), content)

    there = lake.world.backend.stored(lake.door, address)

    assert there == Stored(len(content), f"{zlib.adler32(content):08x}")
    lake.world.backend.unstore(lake.door, address)
    lake.world.backend.unstore(lake.door, address)
    assert lake.world.backend.stored(lake.door, address) is None


def test_storing_again_replaces_ones_own_bytes(lake: Lake) -> None:
    did = lake.did()
    lake.put(did, b"first")

    address = lake.put(did, b"second")

    there = lake.world.backend.stored(lake.door, address)
    assert there is not None
    assert there.bytes == 6
    lake.world.backend.unstore(lake.door, address)


@pytest.mark.parametrize("content", [b"", b"some bytes"])
def test_a_file_is_registered_once_and_again(lake: Lake, content: bytes) -> None:
    backend, who, did = lake.world.backend, lake.world.who, lake.did("/run.1/a_b-c.root")
    lake.put(did, content)

    backend.register_file(who, new(did, content), STORAGE)
    backend.register_file(who, new(did, content), STORAGE)

    info = backend.get_did(who, did)
    assert (info.type, info.bytes) == (DidType.FILE, len(content))
    assert [row.storage for row in backend.availability(who, did)] == [STORAGE]
    assert backend.add_rule(who, did, storage=STORAGE, lifetime_seconds=3600)


def test_another_file_of_the_same_name_is_a_conflict(lake: Lake) -> None:
    did = lake.did()
    lake.put(did, b"first")
    lake.world.backend.register_file(lake.world.who, new(did, b"first"), STORAGE)

    with pytest.raises(Conflict):
        lake.world.backend.register_file(lake.world.who, new(did, b"other"), STORAGE)


def test_nobody_registers_in_a_scope_of_others(lake: Lake) -> None:
    with pytest.raises(Forbidden):
        lake.world.backend.register_file(
            lake.world.who, new(Did("cms", f"up_{uuid.uuid4().hex}"), b"x"), STORAGE
        )


def test_a_closed_dataset_takes_no_file(lake: Lake) -> None:
    backend, who = lake.world.backend, lake.world.who
    dataset, did = lake.did("_set"), lake.did()
    lake.put(did, b"x")
    backend.register_file(who, new(did, b"x"), STORAGE)
    backend.make(who, dataset, DidType.DATASET)
    backend.set_open(who, dataset, is_open=False)

    with pytest.raises(InvalidRequest):
        backend.attach(who, dataset, [did])


@pytest.mark.parametrize("name", ["a b", "ä", "/a", "a//b", "a/../b", "-a", "<b>", "x" * 251, ""])
def test_odd_names_are_refused(lake: Lake, name: str) -> None:
    with pytest.raises(InvalidRequest):
        lake.world.backend.check_name(name)


@pytest.mark.parametrize("name", ["a b", "ä", "<b>"])
def test_the_service_refuses_odd_names_itself(lake: Lake, name: str) -> None:
    if lake.door is lake.world.who:
        return  # the fake has the one check
    with pytest.raises(PortalError) as refused:
        lake.world.backend.register_file(lake.world.who, new(lake.did(name), b"x"), STORAGE)

    assert refused.value.status < 500


@pytest.mark.parametrize("name", ["a", "0", "a.b-c_d", "dir/file", "x" * 250])
def test_plain_names_are_taken(lake: Lake, name: str) -> None:
    lake.world.backend.check_name(name)


def test_an_unknown_storage_has_no_address(lake: Lake) -> None:
    with pytest.raises(InvalidRequest):
        lake.world.backend.write_address(lake.world.who, lake.did(), "ATLANTIS")
