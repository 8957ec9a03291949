"""The portal as issuer: what a satellite gets, and every bad request refused."""

from __future__ import annotations

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
from tests.fakes.issuer_requests import AUTHORIZE, CALLBACK, CHALLENGE, REDEEM, VERIFIER
from tests.satellites import CLI, HUB, OTHER, SECRET, register
from vre_portal.limits import CLIENTS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clients(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, HUB, OTHER, CLI)


def wish(**changes: str | None) -> dict[str, str]:
    told: dict[str, str | None] = {
        "response_type": "code", "client_id": "hub", "redirect_uri": CALLBACK, "scope": "openid",
        "state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
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
