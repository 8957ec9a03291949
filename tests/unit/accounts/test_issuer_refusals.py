"""What the issuer says when it refuses a program: in OAuth's words, counted, and written down."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts import satellites
from accounts.models import AuditEvent
from accounts.satellites import Satellite
from tests.satellites import CLI, HUB, OTHER, SECRET, register
from tests.unit.accounts.test_issuer_matrix import a_code, redeem
from vre_portal.errors import TooManyRequests
from vre_portal.limits import CLIENTS, DEVICE_CODES, Limit

pytestmark = pytest.mark.django_db
REVOKE = "/oauth/revoke_token/"
HERE = "192.0.2.7"
FORM = "application/x-www-form-urlencoded"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(autouse=True)
def _clients(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, HUB, OTHER, CLI)


def revoke(secret: str, *, address: str = HERE, client: str = "hub") -> Any:
    told = {"token": "x", "client_id": client, "client_secret": secret}
    return Client().post(REVOKE, told, REMOTE_ADDR=address)


def by_header(path: str, client: str, secret: str) -> Any:
    told = b64encode(f"{client}:{secret}".encode()).decode()
    form = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"}
    return Client().post(path, form, headers={"Authorization": f"Basic {told}"}, REMOTE_ADDR=HERE)


def use_up(limit: Limit, key: object) -> None:
    for _ in range(2 * limit.count):  # a minute may end in their midst
        try:
            limit.use(key)
        except TooManyRequests:
            return


def written_down() -> list[tuple[str, str, str]]:
    rows = AuditEvent.objects.filter(action="issuer.refused").order_by("at")
    return [(row.object_id, row.detail["error"], row.result) for row in rows]


def test_secrets_tried_at_revocation_are_counted_with_those_at_the_token_endpoint() -> None:
    assert revoke("wrong").status_code == 401
    use_up(CLIENTS, ("hub", HERE))

    waits = revoke("wrong")

    assert waits.status_code == 429
    assert revoke("wrong", address="192.0.2.8").status_code == 401
    assert revoke(SECRET).status_code == 200


@pytest.mark.parametrize("path", [REVOKE, "/oauth/token/"])
def test_a_secret_in_the_header_is_counted_for_its_client_as_well(path: str) -> None:
    assert by_header(path, "hub", "wrong").status_code == 401
    use_up(CLIENTS, ("hub", HERE))

    assert by_header(path, "hub", "wrong").status_code == 429
    assert by_header(path, "other", "wrong").status_code == 401


def asked_too_often() -> Iterable[tuple[str, dict[str, str]]]:
    wrong = {"client_id": "hub", "client_secret": "wrong", "token": "x"}
    yield "/oauth/token/", wrong | {"grant_type": "refresh_token", "refresh_token": "x"}
    yield REVOKE, wrong
    yield "/oauth/device_authorization/", {"client_id": "cli"}


@pytest.mark.parametrize(("path", "form"), [*asked_too_often()])
def test_programs_that_have_to_wait_are_told_so_in_oauths_words(
    path: str, form: dict[str, str]
) -> None:
    use_up(CLIENTS, ("hub", HERE))
    use_up(DEVICE_CODES, HERE)

    answer = Client().post(path, form, REMOTE_ADDR=HERE)

    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/json"
    assert 0 < int(answer["Retry-After"]) <= CLIENTS.seconds
    assert answer.json()["error"] == "temporarily_unavailable"
    assert "Try again" in answer.json()["error_description"]


def test_a_secret_that_cannot_be_read_is_told_in_oauths_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    entry = {name: value for name, value in HUB.items() if name != "client_secret"}
    told = Satellite.model_validate({**entry, "client_secret_file": str(file)})
    monkeypatch.setattr(satellites, "entries", lambda: {"hub": told})
    file.unlink()

    answer = redeem("x")

    assert answer.status_code == 502
    assert answer.json()["error"] == "server_error"
    assert str(file) not in answer.content.decode()


def test_a_body_that_is_too_long_is_told_in_oauths_words(client: Client) -> None:
    asked: Any = {"CONTENT_LENGTH": str(10**9)}

    answer = client.generic("POST", "/oauth/token/", b"x", **asked)

    assert answer.status_code == 413
    assert answer.json()["error"] == "invalid_request"


def test_wrong_secrets_are_written_down_once_a_minute() -> None:
    for _ in range(3):
        redeem("x", client_secret="wrong")
        revoke("wrong", address="127.0.0.1")

    assert ("hub", "invalid_client", "refused") in written_down()
    assert len(written_down()) <= 2 * 2  # the minute may end in their midst


def test_wrong_codes_and_used_refresh_tokens_are_written_down(browser: Client) -> None:
    told = redeem(a_code(browser)).json()
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], "code": None}
    redeem("", **form)
    assert written_down() == []

    assert redeem("wrong").status_code == 400
    assert redeem("", **form).status_code == 400

    kinds = [row.detail["grant_type"] for row in AuditEvent.objects.filter(action="issuer.refused")]
    assert sorted(kinds) == ["authorization_code", "refresh_token"]
    assert {row[1] for row in written_down()} == {"invalid_grant"}
    assert told["refresh_token"] not in str(list(AuditEvent.objects.values()))


def test_an_unknown_device_code_is_written_down_and_waiting_is_not(client: Client) -> None:
    asked = {"client_id": "cli", "scope": "openid"}
    given = client.post("/oauth/device_authorization/", urlencode(asked), content_type=FORM).json()
    form = {"grant_type": DEVICE, "client_id": "cli"}

    client.post("/oauth/token/", form | {"device_code": given["device_code"]})
    client.post("/oauth/token/", form | {"device_code": given["device_code"]})
    assert written_down() == []
    client.post("/oauth/token/", form | {"device_code": "unknown"})

    assert [row[0] for row in written_down()] == ["cli"]


def test_made_up_clients_do_not_flood_the_log() -> None:
    for number in range(5):
        redeem("x", client_id=f"made-up-{number}")

    assert len(written_down()) <= 2
