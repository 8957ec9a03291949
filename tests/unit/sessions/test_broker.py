"""The broker: only the token of one running session gets one, and every refusal says why."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from sessions import broker, services
from sessions.models import Session, SessionState
from tests.factories import lend, make_identity
from tests.fakes.hub import FakeHub
from tests.fakes.provider import FakeProvider
from vre_portal.config import get_config
from vre_portal.errors import UpstreamUnavailable
from vre_portal.limits import Limit

URL = "/api/v1/sessions/broker/token"
SERVER = "s-0123abcd"


@pytest.fixture
def session(alice: User, hub: FakeHub) -> Session:
    """Alice's running session."""
    hub.run_elsewhere(alice.handle, SERVER)
    return Session.objects.create(user=alice, server=SERVER, state=SessionState.READY)


@pytest.fixture
def session_token(alice: User, hub: FakeHub, session: Session) -> str:
    """The token that the hub gave to it."""
    return hub.session_token(alice.handle, SERVER)


@pytest.fixture
def lendable(alice: User) -> User:
    """Alice with a good token for Rucio in the vault."""
    identity = make_identity(alice, issuer="https://escape.test/")
    lend(identity, "rucio", "alices-own-token")
    return alice


def ask(token: str | None, audience: object = "rucio", scheme: str = "token") -> Any:
    headers = {} if token is None else {"Authorization": f"{scheme} {token}"}
    client = Client(enforce_csrf_checks=True)
    body = {"audience": audience}
    return client.post(URL, body, content_type="application/json", headers=headers)


def test_a_running_session_gets_its_users_own_token(lendable: User, session_token: str) -> None:
    answer = ask(session_token)

    assert answer.status_code == 200
    found = answer.json()
    assert found["access_token"] == "alices-own-token"
    assert found["account"] == lendable.handle
    assert found["service_url"].startswith("http")
    assert found["expires_at"] > timezone.now().isoformat()
    assert answer["Cache-Control"] == "no-store"


def test_a_session_may_upload_in_its_users_name(lendable: User, session_token: str) -> None:
    found = ask(session_token, "uploads").json()

    assert found["access_token"]
    assert found["service_url"] == get_config().public_url


def test_bearer_is_taken_as_well(lendable: User, session_token: str) -> None:
    assert ask(session_token, scheme="Bearer").status_code == 200


def test_without_a_token_the_answer_is_401_as_a_problem(hub: FakeHub, db: None) -> None:
    answer = ask(None)

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "sign-in-required"


def test_a_token_that_the_hub_no_longer_knows_is_401(
    alice: User, hub: FakeHub, session_token: str
) -> None:
    hub.tokens.clear()

    answer = ask(session_token)

    assert answer.status_code == 401
    assert "has stopped" in answer.json()["detail"]


def scopes_of(handle: str) -> dict[str, set[str]]:
    me = f"!user={handle}"
    one = f"access:servers!server={handle}/{SERVER}"
    own = {f"users:activity{me}", f"read:users:name{me}"}
    return {
        "everything of the user": {f"access:servers{me}", f"servers{me}", *own},
        "two servers": {one, f"access:servers!server={handle}/s-4567abcd", *own},
        "the browser's token": {one, f"access:servers{me}", *own},
        "another one's server": {"access:servers!server=somebody/s-0123abcd", *own},
        "the portal's token for one file": {one, f"read:users:name{me}"},
        "more than a session has": {one, f"tokens{me}", *own},
        "no server": own,
        "all servers": {"access:servers", *own},
    }


@pytest.mark.parametrize("kind", list(scopes_of("x")))
def test_tokens_of_other_kinds_are_403(lendable: User, hub: FakeHub, kind: str) -> None:
    token = hub.token("user", lendable.handle, scopes_of(lendable.handle)[kind])

    answer = ask(token)

    assert answer.status_code == 403
    assert "alices-own-token" not in answer.text


def test_a_services_token_is_403(lendable: User, hub: FakeHub) -> None:
    scopes = {f"access:servers!server={lendable.handle}/{SERVER}"}

    answer = ask(hub.token("service", lendable.handle, scopes))

    assert answer.status_code == 403


def test_a_session_of_somebody_without_an_account_is_403(hub: FakeHub, db: None) -> None:
    answer = ask(hub.session_token("stranger-abcde", SERVER))

    assert answer.status_code == 403


def test_a_suspended_user_gets_nothing(lendable: User, session_token: str) -> None:
    lendable.is_active = False
    lendable.save()

    assert ask(session_token).status_code == 403


@pytest.mark.parametrize("audience", ["rucio", "uploads"])
def test_a_token_that_outlives_its_session_gets_nothing(
    lendable: User, session: Session, session_token: str, audience: str
) -> None:
    while_it_runs = ask(session_token, audience).status_code
    session.state = SessionState.STOPPED
    session.save()

    assert (while_it_runs, ask(session_token, audience).status_code) == (200, 403)


@pytest.mark.parametrize("state", ["queued", "starting", "ready", "stopping"])
def test_a_session_gets_tokens_from_its_start_to_its_end(
    lendable: User, session: Session, session_token: str, state: str
) -> None:
    session.state = state
    session.save()

    assert ask(session_token).status_code == 200


def test_a_session_of_another_person_stands_for_nobody_else(
    lendable: User, bob: User, session: Session, session_token: str
) -> None:
    session.user = bob
    session.save()

    assert ask(session_token).status_code == 403


def test_a_session_that_is_found_at_the_hub_gets_tokens_once_it_is_taken_in(
    lendable: User, hub: FakeHub
) -> None:
    hub.run_elsewhere(lendable.handle, SERVER)
    token = hub.session_token(lendable.handle, SERVER)
    before = ask(token).status_code

    services.reconcile()

    assert (before, ask(token).status_code) == (403, 200)


def test_a_server_that_the_portal_does_not_list_gets_nothing(lendable: User, hub: FakeHub) -> None:
    hub.run_elsewhere(lendable.handle, "")
    token = hub.session_token(lendable.handle, "")

    services.reconcile()

    assert ask(token).status_code == 403


@pytest.mark.parametrize("audience", ["", "portal", "jupyterhub", None, ["rucio"], {"a": 1}])
def test_only_listed_audiences_are_lent(
    lendable: User, session_token: str, audience: object
) -> None:
    answer = ask(session_token, audience)

    assert answer.status_code == 422
    assert answer.json()["field"] == "audience"


def test_a_body_that_is_no_object_is_422(lendable: User, session_token: str) -> None:
    headers = {"Authorization": f"token {session_token}"}

    answer = Client().post(URL, "[1]", content_type="application/json", headers=headers)

    assert answer.status_code == 422


@pytest.mark.parametrize("audience", ["rucio", "reana", "uploads"])
def test_a_user_whose_sign_in_is_over_has_to_sign_in_again(
    alice: User, session_token: str, audience: str
) -> None:
    answer = ask(session_token, audience)

    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert "Sign in to the portal again" in answer.json()["detail"]


def test_a_refused_refresh_is_409(alice: User, session_token: str, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer, access_left=-10, refresh_token="")

    assert ask(session_token).status_code == 409


def test_a_hub_that_is_down_is_503_and_may_be_tried_again(
    alice: User, hub: FakeHub, session_token: str
) -> None:
    hub.fail_on("identify", UpstreamUnavailable("JupyterHub does not answer."))

    answer = ask(session_token)

    assert answer.status_code == 503
    assert answer.json()["retryable"] is True


def test_a_session_that_asks_without_end_has_to_wait(
    lendable: User, session_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "CALLS", Limit("broker-calls", 2, seconds=3600))

    statuses = [ask(session_token).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_guessing_tokens_is_slowed_down(
    hub: FakeHub, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "REFUSALS", Limit("broker-refused", 2, seconds=3600))

    statuses = [ask(f"guess-number-{number}").status_code for number in range(3)]

    assert statuses == [401, 401, 429]
    assert hub.calls["identify"] == 2


def test_a_session_that_was_right_waits_for_nobodys_guesses(
    lendable: User, session_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "REFUSALS", Limit("broker-refused", 2, seconds=3600))
    ask(session_token)

    guesses = [ask(f"guess-number-{number}").status_code for number in range(3)]

    assert guesses[-1] == 429
    assert ask(session_token).status_code == 200


@pytest.mark.parametrize("audience", ["\0", "\ud800", "x" * 5000, ["rucio"]])
def test_an_odd_audience_of_a_stranger_is_a_refusal(
    hub: FakeHub, db: None, audience: object
) -> None:
    assert ask("guess-number-one", audience).status_code == 401


def test_a_browsers_cookie_opens_nothing_here(browser: Client, hub: FakeHub) -> None:
    answer = browser.post(URL, {"audience": "rucio"}, content_type="application/json")

    assert answer.status_code == 401


def test_no_token_is_logged(
    lendable: User, session_token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(session_token)

    assert "token for rucio lent" in caplog.text
    assert session_token not in caplog.text
    assert "alices-own-token" not in caplog.text


def test_a_loan_does_not_show_its_token() -> None:
    loan = broker.Loan("secret-token", timezone.now(), "alice", "http://rucio.test")

    assert "secret-token" not in repr(loan)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Tells the portal for what else it lends."""

    def tell(audiences: str) -> None:
        monkeypatch.setenv("VRE_BROKER_AUDIENCES", audiences)
        get_config.cache_clear()

    yield tell
    monkeypatch.undo()
    get_config.cache_clear()


def test_a_configured_service_is_lent_for_as_the_others(
    alice: User, session_token: str, told: Callable[[str], None]
) -> None:
    identity = make_identity(alice, issuer="https://escape.test/")
    lend(identity, "mlflow", "for-mlflow")
    assert ask(session_token, "mlflow").status_code == 422

    told('{"mlflow": "https://mlflow.example.org/"}')

    found = ask(session_token, "mlflow").json()
    assert found["access_token"] == "for-mlflow"
    assert found["service_url"] == "https://mlflow.example.org"


@pytest.mark.parametrize(
    "audiences",
    [
        '{"rucio": "https://evil.example.org"}',
        '{"uploads": "https://evil.example.org"}',
        '{"../x": "https://a.example.org"}',
        '{"Upper": "https://a.example.org"}',
        '{"mlflow": ""}',
        '{"mlflow": "no address"}',
    ],
)
def test_what_is_no_service_stops_the_start(told: Callable[[str], None], audiences: str) -> None:
    told(audiences)

    with pytest.raises(ValueError, match="each with an address"):
        get_config()
