"""A data service in memory with a small world in it, and people whose tokens are good."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import User
from data_mgmt import services
from data_mgmt.backends import get_backend
from data_mgmt.backends.values import Did, StorageKind
from data_mgmt.models import ReplicaRequest
from tests.factories import lend, make_identity
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend
from tests.fakes.previews import REPOSITORY, previews_python
from tests.unit.data_mgmt import indexed
from tests.unit.data_mgmt.steps import work
from vre_portal.config import get_config

FAKE = "tests.fakes.data.FakeDataBackend"


@pytest.fixture
def data_backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDataBackend]:
    """The adapter in use: three storages, a container with a dataset of three files at CERN."""
    monkeypatch.setenv("VRE_DATA_BACKEND", FAKE)
    get_config.cache_clear()
    get_backend.cache_clear()
    fake = get_backend()
    assert isinstance(fake, FakeDataBackend)
    fake.add_storage("CERN-DISK", country="Switzerland", free=10 * GIB)
    fake.add_storage("LAPP-DISK", country="France", free=10 * GIB)
    fake.add_storage("CNAF-TAPE", country="Italy", kind=StorageKind.TAPE)
    files = [fake.add_file(f"cms:muons_{n}.root", b"x" * 100 * n, ["CERN-DISK"]) for n in (1, 2, 3)]
    dataset = fake.add_dataset("cms:dimuon", *files, instrument="CMS", energy_tev=13.0)
    fake.add_container("cms:all", dataset)
    yield fake
    monkeypatch.undo()
    get_config.cache_clear()
    get_backend.cache_clear()


@pytest.fixture
def index(alice: User, data_backend: FakeDataBackend) -> FakeDataBackend:
    """Datasets of three scopes, all in the index."""
    data_backend.add_file("ligo:frame-1.gwf", b"x" * 5000)
    for did, metadata in indexed.DATASETS.items():
        data_backend.add_dataset(did, **metadata)
    indexed.read_all()
    return data_backend


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small synthetic file of each format that has a preview."""
    folder = tmp_path_factory.mktemp("samples")
    command = [str(previews_python()), "-m", "demo.seed.formats", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, env={"OPENBLAS_NUM_THREADS": "1"}, check=True)
    return folder


@pytest.fixture
def no_service_account(data_backend: FakeDataBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portal without the account that hears of everybody's changes."""
    monkeypatch.delenv("VRE_RUCIO_SERVICE_PASSWORD", raising=False)
    get_config.cache_clear()


@pytest.fixture
def dimuon() -> Did:
    """The dataset of the small world: 3 files, 600 bytes."""
    return Did("cms", "dimuon")


def give_token(user: User, fake: FakeDataBackend) -> User:
    """Return the user, with a good token for Rucio and a quota at each disk."""
    identity = make_identity(user, issuer="https://escape.test/", subject=f"sub-{user.handle}")
    lend(identity, "rucio", f"token-of-{user.handle}")
    fake.set_limit(user.handle, "LAPP-DISK", GIB)
    fake.set_limit(user.handle, "CERN-DISK", GIB)
    return user


@pytest.fixture
def alice(alice: User, data_backend: FakeDataBackend) -> User:
    """Alice with a token for Rucio."""
    return give_token(alice, data_backend)


@pytest.fixture
def bob(bob: User, data_backend: FakeDataBackend) -> User:
    """Bob with a token for Rucio."""
    return give_token(bob, data_backend)


@pytest.fixture
def asked(alice: User, dimuon: Did) -> ReplicaRequest:
    """A request whose rule was made."""
    request = services.request_replica(alice, dimuon, storage="LAPP-DISK")
    work()
    request.refresh_from_db()
    return request
