"""People who upload: a data service in memory, and the app that takes the bytes.

The app works in threads of its own, which see only what is committed. So these tests commit, and
the tables are emptied once behind all of a module instead of behind each test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from accounts import api_tokens
from accounts.models import User
from data_mgmt.backends import get_backend
from data_mgmt.models_uploads import Upload
from tests.factories import lend, make_identity, make_user
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend
from tests.uploads import Tus
from vre_portal.body_limit import BodyLimit
from vre_portal.config import get_config
from vre_portal.models import Operation
from vre_portal.raw_asgi import App, Edge
from vre_portal.uploading import Uploads
from vre_portal.uploading_form import FormUploads


@pytest.fixture(scope="module", autouse=True)
def _committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        call_command("flush", "--no-input", verbosity=0, inhibit_post_migrate=True)


@pytest.fixture(autouse=True)
def staged(_committed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder where uploads wait."""
    monkeypatch.setenv("VRE_UPLOAD_FOLDER", str(tmp_path))
    monkeypatch.setenv("VRE_UPLOAD_SPARE_BYTES", "0")
    monkeypatch.setenv("VRE_DATA_BACKEND", "tests.fakes.data.FakeDataBackend")
    get_config.cache_clear()
    yield tmp_path
    Upload.objects.all().delete()
    Operation.objects.all().delete()
    monkeypatch.undo()
    get_config.cache_clear()
    get_backend.cache_clear()


@pytest.fixture
def data_backend(staged: Path, alice: User, bob: User) -> FakeDataBackend:
    """Two disks and a tape, where Alice and Bob have a GiB each on the disks."""
    get_backend.cache_clear()
    fake = get_backend()
    assert isinstance(fake, FakeDataBackend)
    for name in ("CERN-DISK", "LAPP-DISK"):
        fake.add_storage(name, country="France", free=10 * GIB)
        for person in (alice, bob):
            fake.set_limit(person.handle, name, GIB)
    fake.scopes |= {f"user.{person.handle}" for person in (alice, bob)}
    return fake


@pytest.fixture(scope="module")
def alice(_committed: None) -> User:
    """Somebody who uploads."""
    return _person("alice")


@pytest.fixture(scope="module")
def bob(_committed: None) -> User:
    """Somebody else."""
    return _person("bob")


def _person(name: str) -> User:
    user = make_user(name)
    identity = make_identity(user, issuer="https://escape.test/", subject=f"sub-{user.handle}")
    for audience in {"rucio", "storage", get_config().storage_audience}:
        lend(identity, audience, f"{audience}-token-of-{user.handle}")
    return user


@pytest.fixture(scope="module")
def secrets(alice: User, bob: User) -> dict[str, str]:
    """A token of each that opens data."""
    return {
        person.handle: api_tokens.make(
            person, name="laptop", scopes=["data", "read"], days=7
        ).secret
        for person in (alice, bob)
    }


@pytest.fixture(scope="session")
def app() -> App:
    """The app as the server has it, with little patience."""
    served = Uploads(FormUploads(BodyLimit(get_asgi_application())), every=0.05, silent=0.3)
    return Edge(served)


@pytest.fixture
def tus(app: App, data_backend: FakeDataBackend, alice: User, secrets: dict[str, str]) -> Tus:
    """Alice with a token of her own."""
    return Tus(app, authorization=f"Bearer {secrets[alice.handle]}")


@pytest.fixture
def stranger(app: App, data_backend: FakeDataBackend, bob: User, secrets: dict[str, str]) -> Tus:
    """Bob with his."""
    return Tus(app, authorization=f"Bearer {secrets[bob.handle]}")
