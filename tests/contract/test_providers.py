"""The demo's two OpenID providers hold to the standards on which the portal's sign-in stands."""

from __future__ import annotations

import base64
import hashlib
import secrets
from urllib.parse import urlencode

import pytest
import requests

from demo.people import Person
from tests.contract.providers import verified
from tests.signin import EXCHANGE, TIMEOUT, Portal, Tokens, claims_of

WRONG = "not-the-password"


def test_discovery_describes_the_provider(portal: Portal) -> None:
    described = portal.metadata

    assert described["issuer"] == portal.issuer
    assert described["issuer"].endswith("/") is (portal.provider == "escape")
    assert described["code_challenge_methods_supported"] == ["S256"]
    assert described["authorization_response_iss_parameter_supported"] is True
    assert "urn:ietf:params:oauth:grant-type:token-exchange" in described["grant_types_supported"]
    assert {"revocation_endpoint", "end_session_endpoint"} <= described.keys()


def test_published_keys_are_for_signing_and_have_ids(portal: Portal) -> None:
    keys = requests.get(portal.metadata["jwks_uri"], timeout=TIMEOUT).json()["keys"]

    assert [(key["use"], key["alg"], bool(key["kid"])) for key in keys] == [("sig", "RS256", True)]
    assert "d" not in keys[0]


def test_code_flow_ends_in_tokens_of_that_person(portal: Portal, person: Person) -> None:
    verifier = secrets.token_urlsafe(48)

    page = portal.authorize(verifier, nonce="n-1", state="s-1")
    back = portal.callback(
        portal.enter_password(page, person.username, person.password(portal.stack))
    )
    granted = portal.redeem(back["code"], verifier).json()
    identity = verified(portal, granted["id_token"])

    digest = hashlib.sha256(granted["access_token"].encode()).digest()[:16]
    assert (back["state"], back["iss"]) == ("s-1", portal.issuer)
    assert granted["token_type"] == "Bearer"
    assert (identity["iss"], identity["aud"], identity["nonce"]) == (portal.issuer, "portal", "n-1")
    assert identity["sub"] == person.subject(portal.stack)
    assert identity["at_hash"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert identity["exp"] > identity["iat"] >= identity["auth_time"]
    assert identity["sid"]


def test_access_token_is_a_jwt_of_one_hour(portal: Portal, tokens: Tokens) -> None:
    claims = verified(portal, tokens.access_token)

    assert claims["exp"] - claims["iat"] == 3600
    assert {"iss", "sub", "aud", "jti", "scope", "client_id"} <= claims.keys()
    if portal.provider == "escape":
        assert claims["wlcg.ver"] == "1.0"
        assert claims["aud"] == "https://wlcg.cern.ch/jwt/v1/any"


def test_userinfo_releases_the_federations_claims(
    portal: Portal, person: Person, tokens: Tokens
) -> None:
    told = portal.userinfo(tokens.access_token).json()

    assert (told["sub"], told["email"]) == (person.subject(portal.stack), person.email)
    if portal.provider == "escape":
        assert told["wlcg.groups"] == list(person.groups)
    else:
        member = f"urn:mace:egi.eu:group:{person.groups[0]}:role=member#aai.egi.eu"
        assert told["eduperson_entitlement"] == [member]
        assert told["voperson_id"] == told["sub"]
        assert "https://refeds.org/assurance" in told["eduperson_assurance"]


def test_claims_are_not_released_without_their_scope(portal: Portal, person: Person) -> None:
    tokens = portal.sign_in(person, scope="openid")

    told = portal.userinfo(tokens.access_token).json()

    assert told == {"sub": person.subject(portal.stack)}


def test_second_authorization_is_silent(portal: Portal, person: Person, tokens: Tokens) -> None:
    again = portal.authorize(secrets.token_urlsafe(48), prompt="none")

    assert "code" in portal.callback(again)


def test_silent_authorization_of_a_stranger_is_refused(portal: Portal) -> None:
    back = portal.callback(portal.authorize(secrets.token_urlsafe(48), prompt="none"))

    assert back["error"] == "login_required"
    assert back["iss"] == portal.issuer


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}])
def test_password_is_asked_again_when_the_client_wants_it(
    portal: Portal, person: Person, tokens: Tokens, asked: dict[str, str]
) -> None:
    earlier = claims_of(tokens.id_token)

    page = portal.authorize(verifier := secrets.token_urlsafe(48), **asked)
    shown = portal.is_callback(page)
    back = portal.enter_password(page, person.username, person.password(portal.stack))
    later = claims_of(portal.redeem(portal.callback(back)["code"], verifier).json()["id_token"])

    assert not shown
    assert later["auth_time"] >= earlier["auth_time"]
    assert later["sid"] != earlier["sid"]


def test_wrong_password_is_told_and_gives_no_session(portal: Portal, person: Person) -> None:
    page = portal.authorize(secrets.token_urlsafe(48))

    refused = portal.enter_password(page, person.username, WRONG)

    assert refused.status_code == 403
    assert "The username or the password is wrong" in refused.text
    assert 'role="alert"' in refused.text
    assert not any(cookie.name.endswith("_session") for cookie in portal.browser.cookies)


def test_guessing_is_slowed_down_by_name(portal: Portal, person: Person) -> None:
    unknown = f"nobody-{secrets.token_hex(4)}"
    page = portal.authorize(secrets.token_urlsafe(48))

    answers = [portal.enter_password(page, unknown, WRONG) for _ in range(11)]
    other = portal.enter_password(page, person.username, person.password(portal.stack))

    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert portal.is_callback(other)


def test_password_page_is_strict_about_content(portal: Portal) -> None:
    page = portal.authorize(secrets.token_urlsafe(48))

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_cookies_are_the_providers_own(portal: Portal, tokens: Tokens) -> None:
    port = portal.stack.port_of(f"iam-{portal.provider}")

    names = {cookie.name for cookie in portal.browser.cookies}

    prefix = f"iam{portal.provider}_{port}"
    assert names == {f"{prefix}_session", f"{prefix}_csrf"}


def test_authorization_without_pkce_is_refused(portal: Portal) -> None:
    back = portal.callback(portal.authorize(None))

    assert back["error"] == "invalid_request"


def test_plain_pkce_is_refused(portal: Portal, tokens: Tokens) -> None:
    verifier = secrets.token_urlsafe(48)

    back = portal.callback(
        portal.authorize(None, code_challenge=verifier, code_challenge_method="plain")
    )

    assert back["error"] == "invalid_request"
    assert back["iss"] == portal.issuer


def test_wrong_verifier_gives_no_token(portal: Portal, tokens: Tokens) -> None:
    back = portal.callback(portal.authorize(secrets.token_urlsafe(48)))

    refused = portal.redeem(back["code"], secrets.token_urlsafe(48))

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_code_is_good_for_one_use(portal: Portal, tokens: Tokens) -> None:
    back = portal.callback(portal.authorize(verifier := secrets.token_urlsafe(48)))

    answers = [portal.redeem(back["code"], verifier) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 400]


@pytest.mark.parametrize("port", [":1", ""])
def test_unregistered_redirect_is_shown_and_not_followed(portal: Portal, port: str) -> None:
    address = f"http://127.0.0.1{port}/accounts/callback/{portal.provider}/"

    page = portal.authorize(secrets.token_urlsafe(48), redirect_uri=address)

    assert page.status_code == 400
    assert "This request cannot be answered" in page.text


def test_wrong_client_secret_is_refused(portal: Portal, tokens: Tokens) -> None:
    portal.credentials = ("portal", "guess")

    refreshed = portal.refresh(tokens.refresh_token)
    exchanged = portal.exchange(tokens.access_token, "rucio")

    assert (refreshed.status_code, refreshed.json()["error"]) == (401, "invalid_client")
    assert (exchanged.status_code, exchanged.json()["error"]) == (401, "invalid_client")


def test_logout_ends_the_login_session(portal: Portal, person: Person, tokens: Tokens) -> None:
    asked = {
        "id_token_hint": tokens.id_token,
        "post_logout_redirect_uri": portal.stack.url("portal", "/accounts/signed-out/"),
        "state": "bye",
    }

    ended = portal.browser.get(
        f"{portal.metadata['end_session_endpoint']}?{urlencode(asked)}",
        allow_redirects=False,
        timeout=TIMEOUT,
    )

    assert ended.headers["Location"] == f"{asked['post_logout_redirect_uri']}?state=bye"
    afterwards = portal.callback(portal.authorize(secrets.token_urlsafe(48), prompt="none"))
    assert afterwards["error"] == "login_required"
    assert portal.refresh(tokens.refresh_token).ok  # offline_access outlives the login


def test_logout_ends_tokens_without_offline_access(portal: Portal, person: Person) -> None:
    tokens = portal.sign_in(person, scope="openid profile")

    portal.browser.get(
        portal.metadata["end_session_endpoint"],
        params={"id_token_hint": tokens.id_token},
        allow_redirects=False,
        timeout=TIMEOUT,
    )

    assert portal.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
    assert portal.userinfo(tokens.access_token).status_code == 401


def test_logout_without_a_hint_asks_first(portal: Portal, tokens: Tokens) -> None:
    page = portal.browser.get(portal.metadata["end_session_endpoint"], timeout=TIMEOUT)

    assert page.status_code == 200
    assert "Log out of" in page.text
    assert "code" in portal.callback(portal.authorize(secrets.token_urlsafe(48), prompt="none"))


def test_logout_to_a_foreign_address_is_refused(portal: Portal, tokens: Tokens) -> None:
    page = portal.browser.get(
        portal.metadata["end_session_endpoint"],
        params={
            "id_token_hint": tokens.id_token,
            "post_logout_redirect_uri": "http://127.0.0.1:1/",
        },
        allow_redirects=False,
        timeout=TIMEOUT,
    )

    assert page.status_code == 400
    assert "Location" not in page.headers


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"grant_type": "password", "username": "a", "password": "b"},
        {"grant_type": "client_credentials"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
        {"grant_type": "authorization_code", "code": "\0", "code_verifier": "x" * 43},
        {"grant_type": "refresh_token"},
        {"grant_type": EXCHANGE},
        {"grant_type": EXCHANGE, "audience": "rucio", "subject_token": "\0"},
    ],
)
def test_malformed_token_requests_are_refused_in_words(
    portal: Portal, fields: dict[str, str]
) -> None:
    refused = portal.ask_tokens(**fields)

    assert 400 <= refused.status_code < 500
    assert refused.json()["error"]


def test_foreign_host_names_are_refused(portal: Portal) -> None:
    refused = requests.get(
        portal.metadata["jwks_uri"], headers={"Host": "evil.example"}, timeout=TIMEOUT
    )

    assert refused.status_code == 400
