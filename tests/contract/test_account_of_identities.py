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
from vre_portal.errors import Conflict

Identity = tuple[str, str]
Ensure = Callable[..., str]
ShutOut = Callable[[Identity, str], None]


def _provisioning(backend: DataBackend, made: set[str]) -> Ensure:
    def ensure(
        handle: str, *identities: Identity, known_as: str = "", absorbed: tuple[str, ...] = ()
    ) -> str:
        account = backend.ensure_account(
            backend.service_credential(),
            handle,
            email="c@demo.invalid",
            identities=identities,
            quota_bytes=1000,
            known_as=known_as,
            absorbed=absorbed,
        )
        made.add(account)
        return account

    return ensure


@pytest.fixture(params=["fake", "real"])
def backend(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DataBackend]:
    """One of the backends."""
    if request.param == "fake":
        yield FakeDataBackend()
        return
    stack = running_stack()
    monkeypatch.setitem(os.environ, "VRE_RUCIO_URL", stack.url("rucio"))
    monkeypatch.setitem(os.environ, "VRE_RUCIO_SERVICE_PASSWORD", stack.secret("rucio-root"))
    get_config.cache_clear()
    yield RucioBackend()
    monkeypatch.undo()
    get_config.cache_clear()


@pytest.fixture
def ensure(backend: DataBackend) -> Iterator[Ensure]:
    """Provision there."""
    made: set[str] = set()
    yield _provisioning(backend, made)
    if isinstance(backend, RucioBackend):
        for account in made:
            service(running_stack()).call("DELETE", f"/accounts/{account}")


@pytest.fixture
def shut_out(backend: DataBackend) -> ShutOut:
    """Take an identity away from an account there."""

    def take_away(identity: Identity, account: str) -> None:
        backend.shut_out(backend.service_credential(), [identity], accounts=[account])

    return take_away


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

    again = ensure("unused", two, one, known_as=survivor, absorbed=(absorbed,))
    assert again == survivor

    assert ensure("unused", two) == survivor


def test_an_account_that_was_made_elsewhere_is_followed(
    ensure: Ensure, handle: str, one: Identity
) -> None:
    ensure(handle, one)

    assert ensure("unused", one, known_as="renamed-since") == handle


def test_an_account_that_is_gone_is_made_again(ensure: Ensure, handle: str, one: Identity) -> None:
    assert ensure("unused", one, known_as=handle) == handle


def test_what_was_given_up_opens_another_account_later(
    ensure: Ensure, shut_out: ShutOut, handle: str, one: Identity, two: Identity
) -> None:
    ensure(handle, one, two)

    shut_out(two, handle)
    shut_out(two, handle)

    assert ensure(f"{handle}b", two) == f"{handle}b"
    assert ensure("unused", one) == handle


def test_what_was_given_up_and_linked_again_opens_it(
    ensure: Ensure, shut_out: ShutOut, handle: str, one: Identity, two: Identity
) -> None:
    ensure(handle, one, two)

    shut_out(two, handle)
    ensure("unused", one, two, known_as=handle)

    assert ensure("unused", two) == handle


def test_what_is_shut_out_of_one_account_opens_others_still(
    ensure: Ensure, shut_out: ShutOut, handle: str, one: Identity
) -> None:
    ensure(handle, one)

    shut_out(one, "somebody-else")

    assert ensure("unused", one) == handle


def test_an_account_that_was_not_made_for_this_person_keeps_its_identity(
    ensure: Ensure, handle: str, one: Identity, two: Identity
) -> None:
    mine, foreign = ensure(handle, one), ensure(f"{handle}b", two)

    with pytest.raises(Conflict, match=foreign):
        ensure("unused", one, two, known_as=mine)

    assert ensure("unused", two) == foreign


def test_of_several_accounts_only_the_wanted_one_is_taken(
    ensure: Ensure, handle: str, one: Identity, two: Identity
) -> None:
    first, second = ensure(handle, one), ensure(f"{handle}b", two)

    with pytest.raises(Conflict, match=f"{first} and {second}"):
        ensure("unused", one, two)

    assert [ensure("unused", one), ensure("unused", two)] == [first, second]


def test_a_name_that_is_taken_gets_a_number_and_fits(
    ensure: Ensure, one: Identity, two: Identity
) -> None:
    longest = f"c{uuid.uuid4().hex[:19]}"
    ensure(longest, one)

    account = ensure(longest, two)

    assert account == f"{longest[:17]}-2"
    assert len(f"user.{account}") <= 25
