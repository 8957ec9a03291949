"""What all tests share: people, a signed-in browser, and a provider on real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import override_settings
from pytest_django import DjangoDbBlocker

from accounts import discovery, providers
from accounts.models import User
from tests.factories import make_user, sign_in
from tests.fakes.provider import FakeProvider, serve


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the browser to the end: its event loop runs in this thread and admits no other.

    Its last tests look for tokens in whatever the others have left.
    """
    items.sort(key=lambda item: ("e2e" in item.path.parts, "nowhere" in item.path.stem))


@pytest.fixture
def alice(db: None) -> User:
    """Somebody who has signed in and accepted the terms."""
    return make_user("alice")


@pytest.fixture
def bob(db: None) -> User:
    """Somebody else."""
    return make_user("bob")


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice's browser."""
    client = Client()
    sign_in(client, alice)
    return client


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let tests that commit empty the audit log behind them, which nobody may elsewhere."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditevent DISABLE TRIGGER audit_is_not_truncated")


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Hash the satellites' secrets quickly: a slow hash is what they are stored with elsewhere."""
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=quick):
        yield


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    """A provider that takes the place of "escape" in the registry."""
    with serve(FakeProvider()) as fake:
        configured = providers.Provider(
            slug="escape",
            name="Fake institute",
            issuer=fake.issuer,
            client_id="portal",
            client_secret="secret",
            roles=(
                {"role": "member", "group": "/escape"},
                {"role": "operator", "group": "/escape/operators"},
            ),
        )
        monkeypatch.setattr(providers, "registry", lambda: {"escape": configured})
        # Ports come back: what an earlier provider said at this address is forgotten.
        monkeypatch.setattr(discovery, "_kept", discovery._Kept())
        yield fake
