"""Two identities of one person are one account in the demo's Rucio, and stay two at its REANA."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from urllib.parse import quote

import pytest

from accounts.credentials import Credential
from data_mgmt.backends.rucio import RucioBackend
from demo.people import PEOPLE, issuer
from demo.rucio.rest import Rest, RucioRefused, service
from demo.stack import Stack
from reproducibility.backends.reana import ReanaBackend
from tests.signin import Tokens, exchange, running_stack, sign_in
from vre_portal import rechecks
from vre_portal.config import get_config
from vre_portal.errors import UpstreamUnavailable

#: One person, as far as these tests go: at each provider one of the demo's people.
NAMES = ("datamanager", "newcomer")


class Identity:
    """Somebody who has signed in at a provider."""

    def __init__(self, stack: Stack, username: str) -> None:
        self.stack, self.person = stack, next(one for one in PEOPLE if one.username == username)
        self.key = issuer(stack, self.person.provider), self.person.subject(stack)

    @cached_property
    def tokens(self) -> Tokens:
        """What the sign-in gave."""
        return sign_in(self.stack, self.person.username)

    @property
    def text(self) -> str:
        """The identity as Rucio writes it."""
        return "SUB={1}, ISS={0}".format(*self.key)

    def token(self, audience: str) -> str:
        """Return a new token for a backend."""
        return exchange(self.stack, self.tokens, audience)

    def credential(self, audience: str, account: str = "") -> Credential:
        """Return a credential with a new token."""
        later = datetime.now(UTC) + timedelta(minutes=5)
        return Credential(uuid.uuid4(), account, audience, self.token(audience), later)


class Lake:
    """The demo's Rucio as the portal's adapter and as its root see it."""

    def __init__(self, stack: Stack) -> None:
        self.root = service(stack)
        self.url = stack.url("rucio")
        self.backend = RucioBackend()
        self.made: set[str] = set()

    def accounts_of(self, identity: Identity) -> list[str]:
        """Return the accounts that an identity opens."""
        path = f"/identities/accounts?identity_key={quote(identity.text, safe='')}&type=OIDC"
        return [str(name) for name in self.root.call("GET", path)]

    def keep(self, identity: Identity, accounts: list[str]) -> None:
        """Let an identity open these accounts and no others."""
        for name in self.accounts_of(identity):
            body = {"identity": identity.text, "authtype": "OIDC"}
            self.root.call("DELETE", f"/accounts/{name}/identities", body)
        for name in accounts:
            body = {"identity": identity.text, "authtype": "OIDC", "email": "a@b.eu"}
            self.root.ensure(f"/accounts/{name}/identities", {**body, "default": True})

    def ensure(self, handle: str, *identities: Identity, **more: object) -> str:
        """Provision as the portal does."""
        options: dict[str, object] = {"email": "one@demo.invalid", "quota_bytes": 1000, **more}
        account = self.backend.ensure_account(
            self.backend.service_credential(),
            handle,
            identities=[each.key for each in identities],
            **options,  # type: ignore[arg-type]
        )
        self.made.add(account)
        return account

    def whoami(self, identity: Identity) -> str:
        """Ask Rucio with a new token of an identity."""
        return str(
            Rest(self.url, identity.token("rucio")).call("GET", "/accounts/whoami")["account"]
        )


@pytest.fixture
def stack() -> Iterator[Stack]:
    """The running demo, as the adapters' configuration."""
    running = running_stack()
    before = dict(os.environ)
    os.environ["VRE_RUCIO_URL"] = running.url("rucio")
    os.environ["VRE_RUCIO_SERVICE_PASSWORD"] = running.secret("rucio-root")
    os.environ["VRE_REANA_URL"] = running.url("reana")
    get_config.cache_clear()
    yield running
    os.environ.clear()
    os.environ.update(before)
    get_config.cache_clear()


@pytest.fixture
def pair(stack: Stack) -> tuple[Identity, Identity]:
    """Two identities, of two providers."""
    first, second = (Identity(stack, name) for name in NAMES)
    assert first.person.provider != second.person.provider
    return first, second


@pytest.fixture
def lake(stack: Stack, pair: tuple[Identity, Identity]) -> Iterator[Lake]:
    """Rucio, where neither identity opens anything; afterwards each opens what it did."""
    made = Lake(stack)
    before = [(identity, made.accounts_of(identity)) for identity in pair]
    for identity in pair:
        made.keep(identity, [])
    yield made
    for identity, accounts in before:
        made.keep(identity, accounts)
    for account in made.made:
        made.root.call("DELETE", f"/accounts/{account}")


def handle() -> str:
    """Return a name that nobody has."""
    return f"c{uuid.uuid4().hex[:10]}"


def test_linked_identities_act_as_one_account(lake: Lake, pair: tuple[Identity, Identity]) -> None:
    first, second = pair
    account = lake.ensure(handle(), first)

    again = lake.ensure("another", first, second, known_as=account)

    assert again == account
    assert [lake.whoami(identity) for identity in pair] == [account, account]


def test_merged_identities_act_as_the_surviving_account(
    lake: Lake, pair: tuple[Identity, Identity]
) -> None:
    first, second = pair
    survivor, absorbed = lake.ensure(handle(), first), lake.ensure(handle(), second)
    assert lake.whoami(second) == absorbed != survivor

    lake.ensure("another", first, second, known_as=survivor, absorbed=[absorbed])

    assert [lake.whoami(identity) for identity in pair] == [survivor, survivor]
    assert lake.accounts_of(second) == [survivor]


def test_an_unlinked_identity_opens_the_account_no_more(
    lake: Lake, pair: tuple[Identity, Identity]
) -> None:
    first, second = pair
    account = lake.ensure(handle(), first, second)

    backend = lake.backend
    backend.shut_out(backend.service_credential(), [second.key], accounts=[account])

    assert lake.whoami(first) == account
    with pytest.raises(RucioRefused) as refused:
        lake.whoami(second)
    assert refused.value.kind == "CannotAuthenticate"


def test_a_name_that_somebody_else_has_gets_a_number(
    lake: Lake, pair: tuple[Identity, Identity]
) -> None:
    first, second = pair
    name = lake.ensure(handle(), first)

    account = lake.ensure(name, second)

    assert account == f"{name}-2"
    assert [lake.whoami(first), lake.whoami(second)] == [name, account]


def test_who_is_unknown_is_checked_again_and_told_so(
    lake: Lake, pair: tuple[Identity, Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(rechecks, "_rechecks", [lambda who, where: asked.append((who, where))])
    credential = pair[0].credential("rucio", "nobody-yet")

    with pytest.raises(UpstreamUnavailable, match="is being repaired"):
        lake.backend.list_scopes(credential)

    assert asked == [(credential.user_id, "rucio")]


def test_reana_takes_each_identity_for_a_person(
    stack: Stack, pair: tuple[Identity, Identity]
) -> None:
    """That is why an account there stays with the identity that opened it."""
    backend = ReanaBackend()
    people = [backend.whoami(identity.credential("reana")) for identity in pair]

    assert people[0] != people[1]
