"""What the fake claims, Rucio does: the same cases on both."""

from __future__ import annotations

import os
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from accounts.credentials import Credential
from data_mgmt.backends import DataBackend, Did, DidType, Rule, RuleState, get_backend
from data_mgmt.backends.values import StorageKind
from tests.contract.damaged import Damaged, damaged_fake, damaged_real
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend
from vre_portal.config import get_config
from vre_portal.errors import (
    CredentialExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    UpstreamRefused,
)

if TYPE_CHECKING:
    from _pytest.fixtures import FixtureRequest

REAL = "VRE_TEST_STACK" in os.environ
KINDS = ["fake", "real"] if REAL else ["fake"]
DATASET = Did("cms", "dimuon_synthetic_2026")
#: Rules of these tests go where the seed has no copy of the small dataset.
SMALL = Did("astro", "m13")
SECONDS = 40.0


@dataclass
class World:
    """A data service with the seed in it, a person who may, and a service credential."""

    backend: DataBackend
    who: Credential
    empty_storage: str
    move: Callable[[str], None]
    damaged: Callable[[], AbstractContextManager[Damaged]]

    def until(self, question: Callable[[], bool]) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + SECONDS
        while not question():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.3)


@pytest.fixture(scope="module", params=KINDS)
def world(request: FixtureRequest) -> Iterator[World]:
    """The same small world on the fake and on the demo's Rucio."""
    yield from (_real() if request.param == "real" else _fake())


def _fake() -> Iterator[World]:
    fake = FakeDataBackend()
    for name, country in (("CERN-DISK", "Switzerland"), ("LAPP-DISK", "France")):
        fake.add_storage(name, country=country, free=GIB)
    fake.add_storage("PIC-DISK", country="Spain", free=GIB)
    fake.add_storage("CNAF-TAPE", country="Italy", kind=StorageKind.TAPE, free=GIB)
    files = [
        fake.add_file(f"cms:dimuon_synthetic_2026_{n}.root", bytes([n]) * 999, ["CERN-DISK"])
        for n in range(1, 7)
    ]
    dataset = fake.add_dataset(str(DATASET), *files, instrument="synthetic", energy_tev=13.0)
    fake.add_container("cms:muons", dataset)
    image = fake.add_file("astro:m13.fits", b"image", ["CERN-DISK"])
    fake.add_dataset(str(SMALL), image, instrument="DSS")
    later = datetime.now(UTC) + timedelta(minutes=5)
    who = Credential(uuid.uuid4(), "tester-abcde", "rucio", "token", later)
    for storage in fake.storages:
        fake.set_limit(who.account, storage, GIB)
    yield World(fake, who, "LAPP-DISK", fake.arrive, lambda: damaged_fake(fake))


def _real() -> Iterator[World]:
    # The same name as the portal gives, so that both find the same account.
    from accounts.handles import handles_for
    from demo.people import PEOPLE, issuer
    from tests.signin import claims_of, exchange, running_stack, sign_in

    stack = running_stack()
    os.environ["VRE_RUCIO_URL"] = stack.url("rucio")
    os.environ["VRE_RUCIO_SERVICE_PASSWORD"] = stack.secret("rucio-root")
    get_config.cache_clear()
    get_backend.cache_clear()
    from data_mgmt.backends.rucio import RucioBackend

    backend = RucioBackend()
    person = next(person for person in PEOPLE if person.username == "researcher")
    token = exchange(stack, sign_in(stack, person.username), "rucio")
    key = (issuer(stack, person.provider), str(claims_of(token)["sub"]))
    handle = next(handles_for(*key, person.username))
    account = backend.ensure_account(
        backend.service_credential(),
        handle,
        email=person.email,
        identities=[key],
        quota_bytes=100 * GIB,
    )
    later = datetime.now(UTC) + timedelta(minutes=5)
    who = Credential(uuid.uuid4(), account, "rucio", token, later)
    free = _storage_without(backend, who, SMALL)
    yield World(backend, who, free, lambda _rule: None, lambda: damaged_real(stack))
    get_config.cache_clear()


def _storage_without(backend: DataBackend, who: Credential, did: Did) -> str:
    held = {row.storage for row in backend.availability(who, did)}
    names = [
        storage.name
        for storage in backend.list_storages(who)
        if storage.kind is StorageKind.DISK and storage.name not in held
    ]
    # Once every disk has it there is none; the copying test, which runs once, then fails by name.
    return names[0] if names else f"no disk without {did}"


def test_the_service_knows_the_person(world: World) -> None:
    assert world.backend.whoami(world.who) == world.who.account


def test_scopes_come_sorted(world: World) -> None:
    scopes = world.backend.list_scopes(world.who)

    assert {"astro", "cms"} <= set(scopes)
    assert list(scopes) == sorted(scopes)


def test_a_search_finds_by_pattern_and_type(world: World) -> None:
    found = world.backend.search_dids(
        world.who, "cms", pattern="dimuon_synthetic*", type=DidType.DATASET
    )

    assert [item.did for item in found.items] == [DATASET]
    assert found.items[0].type is DidType.DATASET
    assert found.next is None


def test_a_search_is_read_page_by_page_without_gap_or_repetition(world: World) -> None:
    names: list[str] = []
    after: str | None = None
    while True:
        part = world.backend.search_dids(
            world.who, "cms", pattern="dimuon_synthetic*", limit=3, after=after
        )
        names += [item.did.name for item in part.items]
        after = part.next
        if after is None:
            break

    assert names == sorted(set(names))
    assert len(names) >= 7


def test_a_search_by_metadata_finds_what_is_described_so(world: World) -> None:
    found = world.backend.search_dids(
        world.who, "cms", type=DidType.DATASET, filters={"energy_tev.gte": 12.5}
    )

    assert DATASET in [item.did for item in found.items]
    assert {item.type for item in found.items} == {DidType.DATASET}
    assert all((item.files or 0) > 0 for item in found.items)


def test_an_empty_search_is_empty_and_an_unknown_scope_is_not_found(world: World) -> None:
    assert world.backend.search_dids(world.who, "cms", pattern="no-such-*").items == ()
    with pytest.raises(NotFound):
        world.backend.search_dids(world.who, "nowhere")


def test_a_dataset_knows_its_size(world: World) -> None:
    info = world.backend.get_did(world.who, DATASET)

    files = world.backend.list_files(world.who, DATASET, limit=100)

    assert info.type is DidType.DATASET
    assert info.files == len(files)
    assert info.bytes == sum(file.bytes for file in files)


def test_of_many_dids_those_that_there_are_come_with_their_types(world: World) -> None:
    container = world.backend.search_dids(world.who, "cms", type=DidType.CONTAINER).items[0].did
    file = world.backend.list_files(world.who, SMALL, limit=1)[0]
    gone = [Did("cms", "no-such-thing"), Did("no-such-scope", "x")]

    found = [*world.backend.get_dids(world.who, [file.did, *gone, SMALL, container])]

    types = [DidType.FILE, DidType.DATASET, DidType.CONTAINER]
    assert [info.did for info in found] == [file.did, SMALL, container]
    assert [info.type for info in found] == types
    assert found[0].bytes == file.bytes
    assert [*world.backend.get_dids(world.who, gone)] == []


def test_files_come_by_name_with_checksums(world: World) -> None:
    files = world.backend.list_files(world.who, DATASET, limit=100)

    assert [file.did for file in files] == sorted(file.did for file in files)
    assert all(len(file.adler32) == 8 for file in files)


def test_the_limit_of_a_list_holds(world: World) -> None:
    assert len(world.backend.list_files(world.who, DATASET, limit=2)) == 2
    assert len(world.backend.list_contents(world.who, DATASET, limit=2)) == 2


def test_a_file_is_its_own_only_file(world: World) -> None:
    file = world.backend.list_files(world.who, SMALL, limit=1)[0]

    again = world.backend.list_files(world.who, file.did, limit=10)

    assert again == (file,)
    assert world.backend.get_did(world.who, file.did).files == 1


def test_a_file_names_its_dataset_as_parent(world: World) -> None:
    file = world.backend.list_files(world.who, SMALL, limit=1)[0]

    assert SMALL in world.backend.parents(world.who, file.did)


@pytest.mark.parametrize(
    "method",
    ["get_did", "parents", "metadata", "availability", "rules_of"],
)
def test_an_unknown_did_is_not_found_whatever_is_asked(world: World, method: str) -> None:
    with pytest.raises(NotFound):
        getattr(world.backend, method)(world.who, Did("cms", "no-such-thing"))


@pytest.mark.parametrize("method", ["list_contents", "list_files", "list_replicas"])
def test_an_unknown_did_has_no_list(world: World, method: str) -> None:
    with pytest.raises(NotFound):
        getattr(world.backend, method)(world.who, Did("cms", "no-such-thing"), limit=5)


def test_metadata_is_what_people_wrote(world: World) -> None:
    found = world.backend.metadata(world.who, DATASET)

    assert found["instrument"] == "synthetic"
    assert "suppressed" not in found


def test_availability_counts_files_and_bytes(world: World) -> None:
    info = world.backend.get_did(world.who, DATASET)

    where = {row.storage: row for row in world.backend.availability(world.who, DATASET)}

    assert where["CERN-DISK"].is_complete
    assert where["CERN-DISK"].files == info.files
    assert where["CERN-DISK"].bytes == info.bytes


def test_a_container_is_where_its_datasets_are(world: World) -> None:
    containers = world.backend.search_dids(world.who, "cms", type=DidType.CONTAINER).items
    container = containers[0].did

    where = {row.storage: row for row in world.backend.availability(world.who, container)}

    assert where["CERN-DISK"].files > 0
    assert where["CERN-DISK"].files_total == world.backend.get_did(world.who, container).files


def test_replicas_name_each_copy(world: World) -> None:
    (replicas,) = world.backend.list_replicas(world.who, SMALL, limit=10)

    assert any(copy.state == "available" and copy.address for copy in replicas.copies)


def test_storages_tell_place_and_kind(world: World) -> None:
    storages = {storage.name: storage for storage in world.backend.list_storages(world.who)}

    assert storages["CERN-DISK"].country == "Switzerland"
    assert storages["CNAF-TAPE"].kind is StorageKind.TAPE
    assert (storages["CERN-DISK"].free or 0) > 0


def test_usage_tells_the_limit(world: World) -> None:
    usage = {row.storage: row for row in world.backend.usage(world.who)}

    assert (usage["CERN-DISK"].limit or 0) > 0
    assert usage["CERN-DISK"].remaining is not None


def test_a_rule_is_made_followed_and_cancelled(world: World) -> None:
    rule_id = world.backend.add_rule(
        world.who, SMALL, storage=world.empty_storage, lifetime_seconds=3600, comment="contract"
    )

    def rule() -> Rule:
        return world.backend.get_rule(world.who, rule_id)

    made = rule()
    assert (made.account, made.did, made.storage) == (
        world.who.account,
        SMALL,
        world.empty_storage,
    )
    assert made.comment == "contract"
    assert made.expires_at is not None
    assert rule_id in [each.id for each in world.backend.rules_of(world.who, SMALL)]
    just_before = datetime.now(UTC) - timedelta(minutes=5)
    listed = world.backend.list_rules(world.who, created_after=just_before)
    assert rule_id in [each.id for each in listed]

    world.move(rule_id)
    world.until(lambda: rule().state is RuleState.OK)
    assert rule().locks_ok == rule().locks_total == 1
    (lock,) = world.backend.list_locks(world.who, rule_id)
    assert (lock.storage, lock.state) == (world.empty_storage, RuleState.OK)
    assert world.backend.faults(world.who, rule_id) == ()

    world.backend.cancel_rule(world.who, rule_id)
    world.until(lambda: _is_gone(world, rule_id))


def _is_gone(world: World, rule_id: str) -> bool:
    try:
        world.backend.get_rule(world.who, rule_id)
    except NotFound:
        return True
    return False


def test_a_rule_at_an_unknown_storage_is_invalid(world: World) -> None:
    with pytest.raises(InvalidRequest):
        world.backend.add_rule(world.who, SMALL, storage="ATLANTIS")


def test_an_unknown_rule_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.backend.get_rule(world.who, "0" * 32)


def test_a_download_has_the_catalogues_checksum(world: World, tmp_path: Path) -> None:
    (file,) = world.backend.list_files(world.who, SMALL, limit=5)

    (fetched,) = world.backend.download(world.who, SMALL, tmp_path)

    content = Path(fetched.path).read_bytes()
    assert f"{zlib.adler32(content):08x}" == fetched.adler32 == file.adler32
    assert len(content) == file.bytes


def test_a_damaged_copy_is_refused_with_both_checksums(world: World, tmp_path: Path) -> None:
    with world.damaged() as file, pytest.raises(UpstreamRefused) as refused:
        world.backend.download(world.who, file.did, tmp_path)

    assert file.registered in refused.value.message
    assert file.stored in refused.value.message
    assert not list(tmp_path.rglob("*.r*"))


def test_the_account_of_an_identity_is_found_again(world: World) -> None:
    service = world.backend.service_credential()
    handle = f"c{uuid.uuid4().hex[:8]}"
    identity = ("https://issuer.test/", uuid.uuid4().hex)

    def ensure(name: str) -> str:
        return world.backend.ensure_account(
            service, name, email="c@demo.invalid", identities=[identity], quota_bytes=1000
        )

    assert ensure(handle) == handle
    assert ensure("another-name") == handle
    assert f"user.{handle}" in world.backend.list_scopes(service)


def test_a_token_of_nobody_means_sign_in_again() -> None:
    world = next(_real())
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    stranger = Credential(uuid.uuid4(), "root", "rucio", "not-a-token", earlier)

    with pytest.raises(CredentialExpired):
        world.backend.list_scopes(stranger)


def test_the_rule_of_another_cannot_be_cancelled(world: World) -> None:
    rules = world.backend.rules_of(world.backend.service_credential(), DATASET)
    others = [rule for rule in rules if rule.account != world.who.account]
    if not others:
        service = world.backend.service_credential()
        assert isinstance(world.backend, FakeDataBackend)
        world.backend.set_limit("root", "PIC-DISK", GIB)
        rule_id = world.backend.add_rule(service, DATASET, storage="PIC-DISK")
        others = [world.backend.get_rule(service, rule_id)]

    with pytest.raises(Forbidden):
        world.backend.cancel_rule(world.who, others[0].id)
