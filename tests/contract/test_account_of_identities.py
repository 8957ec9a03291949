"""Which account an identity opens after provisioning: the same in the fake and in a real Rucio."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from data_mgmt.backends import DataBackend
from data_mgmt.backends.rucio import RucioBackend
from demo.rucio.rest import service
from tests.fakes.data import FakeDataBackend
from tests.signin import running_stack
from vre_portal.config import get_config

Identity = tuple[str, str]
Ensure = Callable[..., str]


def _provisioning(backend: DataBackend, made: set[str]) -> Ensure:
    def ensure(
        handle: str, *identities: Identity, known_as: str = "", given_up: tuple[Identity, ...] = ()
    ) -> str:
        account = backend.ensure_account(
            backend.service_credential(),
            handle,
            email="c@demo.invalid",
            identities=identities,
            quota_bytes=1000,
            known_as=known_as,
            given_up=given_up,
        )
        made.add(account)
        return account

    return ensure


@pytest.fixture(params=["fake", "real"])
def ensure(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ensure]:
    """Provision with one of the backends."""
    made: set[str] = set()
    if request.param == "fake":
        yield _provisioning(FakeDataBackend(), made)
        return
    stack = running_stack()
    monkeypatch.setitem(os.environ, "VRE_RUCIO_URL", stack.url("rucio"))
    monkeypatch.setitem(os.environ, "VRE_RUCIO_SERVICE_PASSWORD", stack.secret("rucio-root"))
    get_config.cache_clear()
    yield _provisioning(RucioBackend(), made)
    for account in made:
        service(stack).call("DELETE", f"/accounts/{account}")
    monkeypatch.undo()
    get_config.cache_clear()


@pytest.fixture
def handle() -> str:
    """A name that nobody has."""
    return f"c{uuid.uuid4().hex[:10]}"


@pytest.fixture
def one() -> Identity:
    """An identity that opens nothing yet."""
    return "https://issuer.test/", uuid.uuid4().hex


@pytest.fixture
def two() -> Identity:
    """Another one."""
    return "https://other.test/", uuid.uuid4().hex


def test_the_account_known_before_takes_the_identity_of_another(
    ensure: Ensure, handle: str, one: Identity, two: Identity
) -> None:
    survivor, absorbed = ensure(handle, one), ensure(f"{handle}b", two)
    assert (survivor, absorbed) == (handle, f"{handle}b")

    assert ensure("unused", two, one, known_as=survivor) == survivor

    assert ensure("unused", two) == survivor


def test_an_account_that_was_made_elsewhere_is_followed(
    ensure: Ensure, handle: str, one: Identity
) -> None:
    ensure(handle, one)

    assert ensure("unused", one, known_as="renamed-since") == handle


def test_an_account_that_is_gone_is_made_again(ensure: Ensure, handle: str, one: Identity) -> None:
    assert ensure("unused", one, known_as=handle) == handle


def test_what_was_given_up_opens_another_account_later(
    ensure: Ensure, handle: str, one: Identity, two: Identity
) -> None:
    ensure(handle, one, two)

    ensure("unused", one, known_as=handle, given_up=(two,))

    assert ensure(f"{handle}b", two) == f"{handle}b"
    assert ensure("unused", one) == handle


def test_what_was_given_up_and_linked_again_opens_it(
    ensure: Ensure, handle: str, one: Identity, two: Identity
) -> None:
    ensure(handle, one, two)

    ensure("unused", one, two, known_as=handle, given_up=(two,))

    assert ensure("unused", two) == handle


def test_a_name_that_is_taken_gets_a_number_and_fits(
    ensure: Ensure, one: Identity, two: Identity
) -> None:
    longest = f"c{uuid.uuid4().hex[:19]}"
    ensure(longest, one)

    account = ensure(longest, two)

    assert account == f"{longest[:17]}-2"
    assert len(f"user.{account}") <= 25
