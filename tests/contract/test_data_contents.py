"""What can be read where: the same cases on the fake and on Rucio."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from accounts.credentials import Credential
from data_mgmt.backends import DataBackend, Did, get_backend
from data_mgmt.backends.values import StorageKind
from tests.fakes.data import FakeDataBackend
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from _pytest.fixtures import FixtureRequest

REAL = "VRE_TEST_STACK" in os.environ
KINDS = ["fake", "real"] if REAL else ["fake"]
FILE, DATASET = Did("astro", "m13.fits"), Did("astro", "m13")


@dataclass
class World:
    """A data service with a file in a dataset, and somebody who may read it."""

    backend: DataBackend
    who: Credential


@pytest.fixture(scope="module", params=KINDS)
def world(request: FixtureRequest) -> Iterator[World]:
    """The same small world on the fake and on the demo's Rucio."""
    if request.param == "fake":
        fake = FakeDataBackend()
        fake.add_storage("CERN-DISK")
        fake.add_storage("CNAF-TAPE", kind=StorageKind.TAPE)
        file = fake.add_file(str(FILE), b"image", ["CERN-DISK", "CNAF-TAPE"])
        fake.add_dataset(str(DATASET), file)
        later = datetime.now(UTC) + timedelta(minutes=5)
        yield World(fake, Credential(uuid.uuid4(), "tester", "rucio", "token", later))
        return
    from tests.signin import running_stack

    stack = running_stack()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VRE_RUCIO_URL", stack.url("rucio"))
        patch.setenv("VRE_RUCIO_SERVICE_PASSWORD", stack.secret("rucio-root"))
        get_config.cache_clear()
        get_backend.cache_clear()
        from data_mgmt.backends.rucio import RucioBackend

        backend = RucioBackend()
        yield World(backend, backend.service_credential())
    get_config.cache_clear()


def test_a_file_has_sources_with_addresses_disks_first(world: World) -> None:
    found = world.backend.file_sources(world.who, FILE)

    assert found.file.did == FILE
    assert found.file.bytes > 0
    assert len(found.file.adler32) == 8
    assert found.on_disk
    assert found.sources[: len(found.on_disk)] == found.on_disk
    assert all(source.url.startswith("http://127.0.0.1") for source in found.sources)


def test_a_collection_is_no_file_and_what_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(InvalidRequest, match="dataset"):
        world.backend.file_sources(world.who, DATASET)
    nothing = Did("astro", "nothing.fits")
    with pytest.raises(NotFound):
        world.backend.file_sources(world.who, nothing)
    with pytest.raises(NotFound):
        world.backend.sources_below(world.who, nothing, limit=1)
    with pytest.raises(NotFound):
        list(world.backend.files_below(world.who, nothing))


def test_files_below_a_collection_have_sources_too(world: World) -> None:
    found = world.backend.sources_below(world.who, DATASET, limit=5)
    files = [*world.backend.files_below(world.who, DATASET)]

    assert FILE in {each.file.did for each in found}
    assert {each.file for each in found} == {*files}
