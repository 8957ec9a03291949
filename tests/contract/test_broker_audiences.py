"""The broker lends for a configured audience what the demo's provider exchanges for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from accounts import grants
from accounts.token_endpoint import Tokens
from demo.people import PEOPLE, issuer
from sessions import broker
from sessions.backends import get_backend
from sessions.models import Session, SessionState
from tests.factories import make_identity, make_user
from tests.fakes.hub import FakeHub
from tests.signin import claims_of, running_stack, sign_in
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest

RESEARCHER = next(person for person in PEOPLE if person.username == "researcher")
#: An audience for which the demo's providers exchange, and no session gets a token by itself.
AUDIENCE, ADDRESS = "storage", "https://storage.example.org"
SERVER = "s-0123abcd"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub in memory, and a portal that is told of one more audience."""
    monkeypatch.setenv("VRE_SESSIONS_BACKEND", "tests.fakes.hub.FakeHub")
    monkeypatch.setenv("VRE_BROKER_AUDIENCES", f'{{"{AUDIENCE}": "{ADDRESS}/"}}')
    get_config.cache_clear()
    get_backend.cache_clear()
    fake = get_backend()
    assert isinstance(fake, FakeHub)
    yield fake
    monkeypatch.undo()
    get_config.cache_clear()
    get_backend.cache_clear()


@pytest.fixture
def session_token(hub: FakeHub, transactional_db: None) -> str:
    """The token of a session of somebody whose real sign-in is in the vault."""
    stack = running_stack()
    signed_in = sign_in(stack, RESEARCHER.username)
    person = make_user("researcher", ready=False)
    identity = make_identity(
        person,
        issuer=issuer(stack, RESEARCHER.provider),
        provider=RESEARCHER.provider,
        subject=RESEARCHER.subject(stack),
    )
    ends = datetime.now(UTC) + timedelta(hours=1)
    tokens = Tokens(signed_in.access_token, ends, signed_in.refresh_token, signed_in.id_token)
    grants.store_grant(identity, tokens)
    Session.objects.create(user=person, server=SERVER, state=SessionState.READY)
    hub.run_elsewhere(person.handle, SERVER)
    return hub.session_token(person.handle, SERVER)


def test_it_is_exchanged_for_exactly_that_audience_and_a_short_time(session_token: str) -> None:
    loan = broker.lend(f"token {session_token}", AUDIENCE, address="127.0.0.1")

    claims = claims_of(loan.access_token)
    assert claims["aud"] == AUDIENCE
    assert claims["exp"] - claims["iat"] <= 600
    assert loan.expires_at - datetime.now(UTC) <= timedelta(minutes=10)
    assert loan.service_url == ADDRESS


def test_what_nobody_configured_is_not_lent(session_token: str) -> None:
    with pytest.raises(InvalidRequest, match="one of storage, rucio, reana, uploads"):
        broker.lend(f"token {session_token}", "mlflow", address="127.0.0.1")
