"""The portal as issuer: what a satellite gets, and every bad request refused."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import KeySet
from oauth2_provider.models import get_access_token_model, get_grant_model

from accounts import suspension
from accounts.models import User
from tests.satellites import CALLBACK, CLI, HUB, OTHER, OTHER_SECRET, SECRET, register
from vre_portal.limits import CLIENTS

pytestmark = pytest.mark.django_db
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")


@pytest.fixture(autouse=True)
def _clients(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, HUB, OTHER, CLI)


def wish(**changes: str | None) -> dict[str, str]:
    told: dict[str, str | None] = {
        "response_type": "code", "client_id": "hub", "redirect_uri": CALLBACK, "scope": "openid",
        "state": "s", "code_challenge": CHALLENGE.decode(), "code_challenge_method": "S256",
        **changes,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def code_of(answer: Any) -> str | None:
    query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    return query["code"][0] if "code" in query else None


def a_code(browser: Client, **changes: str | None) -> str:
    code = code_of(browser.get("/oauth/authorize/", wish(**changes)))
    assert code
    return code


def redeem(a_code: str, /, **changes: str | None) -> Any:
    told: dict[str, str | None] = {
        "grant_type": "authorization_code", "code": a_code, "redirect_uri": CALLBACK,
        "client_id": "hub", "client_secret": SECRET, "code_verifier": VERIFIER, **changes,
    }  # fmt: skip
    form = {name: value for name, value in told.items() if value is not None}
    return Client().post("/oauth/token/", form)


def test_a_satellite_gets_a_signed_token_of_its_user(browser: Client, alice: User) -> None:
    told = redeem(a_code(browser)).json()

    keys = KeySet.import_key_set(Client().get("/oauth/.well-known/jwks.json").json())
    claims = jwt.decode(told["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["preferred_username"] == alice.handle
    assert claims["aud"] == "hub"
    assert told["expires_in"] <= 600
    userinfo = Client().get(
        "/oauth/userinfo/", headers={"Authorization": f"Bearer {told['access_token']}"}
    )
    assert userinfo.json()["sub"] == claims["sub"]


def test_tokens_are_stored_as_hashes(browser: Client) -> None:
    told = redeem(a_code(browser)).json()

    stored = get_access_token_model().objects.get()

    assert told["access_token"] not in json.dumps(
        {field.attname: str(getattr(stored, field.attname)) for field in stored._meta.fields}
    )


def test_the_answer_names_the_issuer(browser: Client) -> None:
    answer = browser.get("/oauth/authorize/", wish())

    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query["iss"] == [
        Client().get("/oauth/.well-known/openid-configuration").json()["issuer"]
    ]


AUTHORIZE: dict[str, dict[str, str | None]] = {
    "a redirect with another path": {"redirect_uri": f"{CALLBACK}/more"},
    "a redirect with a slash": {"redirect_uri": f"{CALLBACK}/"},
    "a redirect to another port": {"redirect_uri": CALLBACK.replace("9999", "9998")},
    "a redirect to another host": {"redirect_uri": CALLBACK.replace("127.0.0.1", "evil.example")},
    "a redirect to another scheme": {"redirect_uri": CALLBACK.replace("http", "https")},
    "a redirect with user information": {"redirect_uri": CALLBACK.replace("//", "//a@")},
    "a redirect with a query": {"redirect_uri": f"{CALLBACK}?next=x"},
    "a redirect with a fragment": {"redirect_uri": f"{CALLBACK}#x"},
    "a script as redirect": {"redirect_uri": "javascript:alert(1)"},
    "an unknown client": {"client_id": "nobody"},
    "no client": {"client_id": None},
    "a client of the device flow": {"client_id": "cli"},
    "no PKCE": {"code_challenge": None, "code_challenge_method": None},
    "plain PKCE": {"code_challenge_method": "plain"},
    "PKCE without a method": {"code_challenge_method": None},
    "an unknown method of PKCE": {"code_challenge_method": "S512"},
    "a scope beyond": {"scope": "openid admin"},
    "a scope of another client": {"scope": "openid data"},
    "the implicit flow": {"response_type": "token"},
    "the hybrid flow": {"response_type": "code id_token"},
    "no response type": {"response_type": None},
    "an answer in the fragment": {"response_mode": "fragment"},
    "an answer as a form": {"response_mode": "form_post"},
    "a nonce that is too long": {"nonce": "n" * 256},
    "a challenge that is too long": {"code_challenge": "c" * 200},
    "a challenge that is none": {"code_challenge": "short"},
    "an age that is no number": {"max_age": "soon"},
    "an age below nothing": {"max_age": "-1"},
    "no page and a sign-in": {"prompt": "none login"},
    "a new account": {"prompt": "create"},
    "a new sign-in": {"prompt": "login"},
    "a new sign-in that was only said to be": {"prompt": "login", "since": "1700000000"},
    "claims that are none": {"claims": "{"},
    "a resource that is none": {"resource": "nowhere"},
    "a request object": {"request": "eyJ.e30."},
    "a request object elsewhere": {"request_uri": "http://127.0.0.1:9/x"},
    "a NUL character": {"nonce": "a\0b"},
    "a NUL character in the client": {"client_id": "hub\0"},
    "a NUL character in the redirect": {"redirect_uri": f"{CALLBACK}\0"},
}


@pytest.mark.parametrize("changes", AUTHORIZE.values(), ids=AUTHORIZE.keys())
def test_a_bad_authorization_request_gives_no_code(
    browser: Client, changes: dict[str, str | None]
) -> None:
    answer = browser.get("/oauth/authorize/", wish(**changes))

    assert answer.status_code < 500
    assert code_of(answer) is None
    assert not get_grant_model().objects.exists()
    if "redirect_uri" in changes:
        assert "Location" not in answer.headers


REDEEM: dict[str, dict[str, str | None]] = {
    "a wrong secret": {"client_secret": "wrong"},
    "no secret": {"client_secret": None},
    "another client": {"client_id": "other", "client_secret": OTHER_SECRET},
    "an unknown client": {"client_id": "nobody"},
    "another redirect": {"redirect_uri": f"{CALLBACK}/"},
    "a wrong verifier": {"code_verifier": "w" * 64},
    "no verifier": {"code_verifier": None},
    "the challenge as verifier": {"code_verifier": CHALLENGE.decode()},
    "an unknown code": {"code": "unknown"},
    "no code": {"code": None},
    "the password grant": {"grant_type": "password", "username": "a", "password": "b"},
    "client credentials": {"grant_type": "client_credentials"},
    "an unknown grant": {"grant_type": "urn:x"},
    "no grant": {"grant_type": None},
    "a device code of nobody": {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x",
    },
    "no device code": {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
    "a NUL character": {"code": "\0"},
    "a NUL character in the client": {"client_id": "\0"},
}  # fmt: skip


@pytest.mark.parametrize("changes", REDEEM.values(), ids=REDEEM.keys())
def test_a_bad_token_request_gives_no_token(
    browser: Client, changes: dict[str, str | None]
) -> None:
    answer = redeem(a_code(browser), **changes)

    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.json()
    assert not get_access_token_model().objects.exists()


def test_a_code_used_twice_ends_what_the_first_use_gave(browser: Client) -> None:
    code = a_code(browser)
    assert redeem(code).status_code == 200

    again = redeem(code)

    assert again.status_code == 400
    assert not get_access_token_model().objects.exists()


def test_an_old_code_gives_nothing(browser: Client) -> None:
    code = a_code(browser)
    get_grant_model().objects.update(expires=timezone.now() - timedelta(seconds=1))

    assert redeem(code).status_code == 400


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_tokens_are_given_to_a_post_only(method: str, client: Client) -> None:
    assert getattr(client, method)("/oauth/token/").status_code == 405


def test_strangers_sign_in_first(client: Client) -> None:
    answer = client.get("/oauth/authorize/", wish())

    assert answer["Location"].startswith("/accounts/login/")


def _suspend(user: User) -> None:
    suspension.suspend(user, reason="r")


def _drop(user: User) -> None:
    User.objects.filter(pk=user.pk).update(roles=[])


@pytest.mark.parametrize("stop", [_suspend, _drop], ids=["suspended", "without a group"])
def test_who_may_not_act_gets_nothing_more(
    browser: Client, alice: User, stop: Callable[[User], None]
) -> None:
    code, told = a_code(browser), redeem(a_code(browser)).json()

    stop(alice)

    assert redeem(code).status_code == 400
    refreshed = redeem("", grant_type="refresh_token", refresh_token=told.get("refresh_token", ""))
    assert refreshed.status_code in {400, 401}
    userinfo = Client().get(
        "/oauth/userinfo/", headers={"Authorization": f"Bearer {told['access_token']}"}
    )
    assert userinfo.status_code in {401, 403}


def test_a_refresh_token_used_twice_ends_the_family(browser: Client) -> None:
    told = redeem(a_code(browser)).json()
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], "code": None}
    newer = redeem("", **form).json()

    assert redeem("", **form).status_code == 400

    last = redeem("", **{**form, "refresh_token": newer["refresh_token"]})
    assert last.status_code == 400


def test_the_description_says_no_more_than_is_done(client: Client) -> None:
    told = client.get("/oauth/.well-known/openid-configuration").json()

    assert told["response_types_supported"] == ["code"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["id_token_signing_alg_values_supported"] == ["RS256"]
    assert "registration_endpoint" not in told
    assert set(told["grant_types_supported"]) == {
        "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
    }  # fmt: skip


def test_guessing_a_secret_is_slowed_down_and_the_satellite_is_not(browser: Client) -> None:
    tries = range(2 * CLIENTS.count)  # a minute may end in their midst
    statuses = [redeem("x", client_secret="wrong").status_code for _ in tries]

    assert statuses[0] == 401
    assert 429 in statuses
    assert redeem(a_code(browser)).status_code == 200


def test_wrong_codes_brought_by_a_satellite_are_no_guesses(browser: Client) -> None:
    statuses = {redeem("wrong").status_code for _ in range(2 * CLIENTS.count)}

    assert statuses == {400}
    assert redeem(a_code(browser)).status_code == 200
