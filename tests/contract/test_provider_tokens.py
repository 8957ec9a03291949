"""The life of the providers' tokens: refresh, reuse, revocation, exchange."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from demo.people import Person
from tests.contract.providers import verified
from tests.signin import TIMEOUT, Portal, Tokens, claims_of

WRONG = "not-the-password"


def test_refresh_rotates_and_keeps_the_identity(portal: Portal, tokens: Tokens) -> None:
    earlier = claims_of(tokens.id_token)

    renewed = portal.tokens(portal.refresh(tokens.refresh_token), tokens.username)

    later = verified(portal, renewed.id_token)
    assert renewed.refresh_token != tokens.refresh_token
    assert portal.userinfo(renewed.access_token).ok
    kept = ("iss", "sub", "aud", "auth_time", "sid")
    assert [later[name] for name in kept] == [earlier[name] for name in kept]


def test_reuse_of_a_refresh_token_kills_the_family(portal: Portal, tokens: Tokens) -> None:
    renewed = portal.tokens(portal.refresh(tokens.refresh_token), tokens.username)

    reused = portal.refresh(tokens.refresh_token)

    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    assert portal.refresh(renewed.refresh_token).json()["error"] == "invalid_grant"
    assert portal.userinfo(renewed.access_token).status_code == 401
    assert portal.exchange(renewed.access_token, "rucio").json()["error"] == "invalid_request"


def test_two_uses_at_once_of_a_refresh_token_are_a_reuse(portal: Portal, tokens: Tokens) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(portal.refresh, [tokens.refresh_token] * 4))

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    winner = next(answer for answer in answers if answer.ok).json()
    assert portal.refresh(winner["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
def test_revoked_tokens_are_dead(portal: Portal, tokens: Tokens, kind: str) -> None:
    revoked = requests.post(
        portal.metadata["revocation_endpoint"],
        data={"token": getattr(tokens, kind), "token_type_hint": kind},
        auth=portal.credentials,
        timeout=TIMEOUT,
    )

    assert revoked.status_code == 200
    assert portal.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
    assert portal.exchange(tokens.access_token, "reana").json()["error"] == "invalid_request"


@pytest.mark.parametrize("audience", ["rucio", "reana"])
def test_exchange_gives_a_short_token_for_one_service(
    portal: Portal, person: Person, tokens: Tokens, audience: str
) -> None:
    answer = portal.exchange(tokens.access_token, audience).json()

    claims = verified(portal, answer["access_token"])
    assert (claims["iss"], claims["aud"]) == (portal.issuer, audience)
    assert claims["sub"] == person.subject(portal.stack)
    assert claims["preferred_username"] == person.username
    assert claims["exp"] - claims["iat"] == answer["expires_in"] == 600
    assert claims["scope"] == answer["scope"] == "openid profile"
    assert claims["jti"]
    assert len(answer["access_token"]) < 1500
    assert answer["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"


def test_exchanged_token_opens_nothing_at_the_provider(portal: Portal, tokens: Tokens) -> None:
    exchanged = portal.exchange(tokens.access_token, "rucio").json()["access_token"]

    again = portal.exchange(exchanged, "reana")

    assert portal.userinfo(exchanged).status_code == 401
    assert again.json()["error"] == "invalid_request"


def test_exchange_for_another_audience_is_refused(portal: Portal, tokens: Tokens) -> None:
    refused = portal.exchange(tokens.access_token, "somebody-else")

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")


def test_exchange_of_more_scope_than_there_is_is_refused(portal: Portal, tokens: Tokens) -> None:
    refused = portal.exchange(tokens.access_token, "rucio", scope="openid admin")

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


def test_exchange_by_a_client_without_the_right_is_refused(portal: Portal, tokens: Tokens) -> None:
    portal.credentials = ("rucio", portal.stack.secret(f"iam-{portal.provider}-rucio-client"))

    refused = portal.exchange(tokens.access_token, "rucio")

    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
