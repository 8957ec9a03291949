"""The device flow: a command line signs in by a code that its owner types in the browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_device_grant_model

from accounts.models import AuditEvent, User
from tests.factories import make_identity
from tests.satellites import CLI, HUB, register
from vre_portal.limits import CLIENTS, DEVICE_CODES

pytestmark = pytest.mark.django_db
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(autouse=True)
def _clients(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, CLI, {"client_id": "batch", "grant": "device"}, HUB)


@pytest.fixture
def alice(alice: User) -> User:
    """Alice with an identity."""
    make_identity(alice, issuer="https://escape.test/")
    return alice


def post_form(path: str, form: dict[str, str]) -> Any:
    return Client().post(path, urlencode(form), content_type="application/x-www-form-urlencoded")


def begin(scope: str = "openid read", client_id: str = "cli") -> Any:
    return post_form("/oauth/device_authorization/", {"client_id": client_id, "scope": scope})


def poll(device_code: str, client_id: str = "cli") -> Any:
    get_device_grant_model().objects.update(last_checked=timezone.now() - timedelta(minutes=1))
    form = {"grant_type": GRANT, "device_code": device_code, "client_id": client_id}
    return post_form("/oauth/token/", form)


def test_a_command_line_is_let_in(browser: Client, alice: User) -> None:
    started = begin().json()
    assert poll(started["device_code"]).json()["error"] == "authorization_pending"
    typed = started["user_code"].lower()

    asked = browser.get("/oauth/device/", {"code": f" {typed[:4]}-{typed[4:]} "})
    assert "the command line" in asked.content.decode()
    assert "Read everything that you can see" in asked.content.decode()
    assert "127.0.0.1" in asked.content.decode()
    assert "you sign out of the portal in your last browser" in asked.content.decode()
    browser.post("/oauth/device/", {"code": started["user_code"], "decision": "allow"})

    told = poll(started["device_code"]).json()
    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {told['access_token']}"})
    assert answer.json()["handle"] == alice.handle
    assert AuditEvent.objects.filter(action="device.allowed").exists()


def test_a_code_gives_tokens_once(browser: Client, alice: User) -> None:
    started = begin().json()
    browser.post("/oauth/device/", {"code": started["user_code"], "decision": "allow"})
    poll(started["device_code"])

    assert poll(started["device_code"]).json()["error"] == "invalid_grant"


def test_who_was_suspended_meanwhile_is_turned_away(browser: Client, alice: User) -> None:
    started = begin().json()
    browser.post("/oauth/device/", {"code": started["user_code"], "decision": "allow"})

    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert poll(started["device_code"]).json()["error"] == "access_denied"


def test_waiting_for_the_owner_is_no_guess(browser: Client) -> None:
    started = begin().json()

    told = {poll(started["device_code"]).status_code for _ in range(2 * CLIENTS.count)}

    assert told == {400}


def test_looking_at_the_code_lets_nobody_in(browser: Client, alice: User) -> None:
    started = begin().json()

    browser.get("/oauth/device/", {"code": started["user_code"], "decision": "allow"})

    assert poll(started["device_code"]).json()["error"] == "authorization_pending"


def test_turning_it_away_tells_the_command_line(browser: Client, alice: User) -> None:
    started = begin().json()

    browser.post("/oauth/device/", {"code": started["user_code"], "decision": "deny"})

    assert poll(started["device_code"]).json()["error"] == "access_denied"


def test_a_code_that_is_too_old_lets_nobody_in(browser: Client, alice: User) -> None:
    started = begin().json()
    get_device_grant_model().objects.update(expires=timezone.now() - timedelta(seconds=1))

    page = browser.post("/oauth/device/", {"code": started["user_code"], "decision": "allow"})

    assert page.status_code == 404
    assert poll(started["device_code"]).json()["error"] == "expired_token"


def test_asking_too_fast_is_told(db: None) -> None:
    started = begin().json()
    poll(started["device_code"])
    form = {"grant_type": GRANT, "device_code": started["device_code"], "client_id": "cli"}

    assert post_form("/oauth/token/", form).json()["error"] == "slow_down"


@pytest.mark.parametrize(
    ("client_id", "scope", "error"),
    [
        ("nobody", "openid", "invalid_client"),
        ("hub", "openid", "unauthorized_client"),
        ("cli", "openid admin", "invalid_scope"),
        ("cli", "sessions", "invalid_scope"),
    ],
)
def test_who_may_not_begin_is_told(client_id: str, scope: str, error: str) -> None:
    answer = begin(scope, client_id)

    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_a_code_of_another_client_gives_nothing(browser: Client, alice: User) -> None:
    started = begin().json()
    browser.post("/oauth/device/", {"code": started["user_code"], "decision": "allow"})

    assert poll(started["device_code"], client_id="batch").json()["error"] == "invalid_grant"


def test_an_unknown_code_is_a_clear_page(browser: Client) -> None:
    page = browser.get("/oauth/device/", {"code": "NOSUCHCODE"})

    assert page.status_code == 404
    assert "not known" in page.content.decode()


def test_guessing_codes_is_slowed_down(browser: Client) -> None:
    tries = range(2 * DEVICE_CODES.count)  # a minute may end in their midst
    statuses = {browser.get("/oauth/device/", {"code": f"G{n}"}).status_code for n in tries}

    assert 429 in statuses


def test_its_token_opens_its_scopes_only(browser: Client, alice: User) -> None:
    started = begin().json()
    browser.post("/oauth/device/", {"code": started["user_code"], "decision": "allow"})
    token = poll(started["device_code"]).json()["access_token"]
    client: Any = Client()

    answer = client.post(
        "/api/v1/data/replica-requests", {}, content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip

    assert answer.status_code == 403
    assert "scope data" in answer.json()["detail"]


def test_signing_out_of_the_last_browser_ends_the_command_line(
    browser: Client, alice: User
) -> None:
    started = begin().json()
    browser.post("/oauth/device/", {"code": started["user_code"], "decision": "allow"})
    told = poll(started["device_code"]).json()

    browser.post("/accounts/logout/")

    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {told['access_token']}"})
    assert answer.status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"],
            "client_id": "cli"}  # fmt: skip
    assert post_form("/oauth/token/", form).json()["error"] == "invalid_grant"
