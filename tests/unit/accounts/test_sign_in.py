"""Signing in through a provider on real HTTP: what is accepted, and what ends on a clear page."""

from __future__ import annotations

import time
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from joserfc.jwk import RSAKey

from accounts.models import Identity, TokenGrant, User
from tests.fakes.provider import FakeProvider
from tests.unit.accounts.conftest import Committed
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db


def begin(client: Client, provider: FakeProvider, target: str = "/", **form: str) -> dict[str, str]:
    answer = client.post("/accounts/login/escape/", {"next": target, **form})
    query = parse_qs(urlsplit(answer["Location"]).query)
    provider.nonce = query["nonce"][0]
    return {name: values[0] for name, values in query.items()}


def finish(client: Client, sent: dict[str, str], **changes: Any) -> Any:
    answer = {"code": "code-1", "state": sent["state"], **changes}
    return client.get("/accounts/callback/escape/", answer)


def sign_in(client: Client, provider: FakeProvider, target: str = "/") -> Any:
    return finish(client, begin(client, provider, target))


def test_the_request_has_pkce_state_and_nonce(client: Client, provider: FakeProvider) -> None:
    sent = begin(client, provider)

    assert sent["code_challenge_method"] == "S256"
    assert len(sent["state"]) >= 32
    assert len(sent["nonce"]) >= 32
    assert sent["redirect_uri"].endswith("/accounts/callback/escape/")


def test_a_first_sign_in_makes_an_account(client: Client, provider: FakeProvider) -> None:
    answer = sign_in(client, provider, "/data/")

    assert answer["Location"] == "/data/"
    identity = Identity.objects.get(issuer=provider.issuer, subject="subject-1")
    assert identity.user.display_name == "Ada"
    assert client.session["_auth_user_id"] == str(identity.user.pk)


def test_a_second_sign_in_finds_the_account(client: Client, provider: FakeProvider) -> None:
    sign_in(client, provider)

    sign_in(Client(), provider)

    assert User.objects.count() == 1


def test_an_equal_e_mail_is_another_person(client: Client, provider: FakeProvider) -> None:
    sign_in(client, provider)
    provider.subject = "subject-2"

    sign_in(Client(), provider)

    assert User.objects.count() == 2


def test_groups_give_roles_and_losing_them_takes_them(
    client: Client, provider: FakeProvider
) -> None:
    provider.claims["wlcg.groups"] = ["/escape", "/escape/operators"]
    sign_in(client, provider)
    assert User.objects.get().roles == ["member", "operator"]
    provider.claims["wlcg.groups"] = ["/escape"]

    sign_in(Client(), provider)

    assert User.objects.get().roles == ["member"]


def test_the_session_id_changes_at_sign_in(client: Client, provider: FakeProvider) -> None:
    sent = begin(client, provider)
    before = client.session.session_key

    finish(client, sent)

    assert client.session.session_key != before


BAD_CLAIMS = {
    "another issuer": {"iss": "https://elsewhere.example/"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "somebody"},
    "no audience": {"aud": None},
    "several audiences without azp": {"aud": ["portal", "other"]},
    "another authorized party": {"azp": "other"},
    "expired": {"exp": int(time.time()) - 3600},
    "no expiry": {"exp": None},
    "issued in the future": {"iat": int(time.time()) + 3600},
    "no time of issue": {"iat": None},
    "not valid yet": {"nbf": int(time.time()) + 3600},
    "no subject": {"sub": None},
    "another nonce": {"nonce": "other"},
    "no nonce": {"nonce": None},
    "another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
def test_a_bad_id_token_ends_on_one_clear_page(
    client: Client, provider: FakeProvider, claims: dict[str, Any]
) -> None:
    provider.id_token_claims = claims

    answer = sign_in(client, provider)

    assert answer.status_code == 403
    assert "Reference" in answer.content.decode()
    assert not User.objects.exists()


def test_a_foreign_signature_is_refused(client: Client, provider: FakeProvider) -> None:
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "one"})

    answer = sign_in(client, provider)

    assert answer.status_code == 403
    assert not User.objects.exists()


def test_a_token_without_kid_is_accepted_when_one_key_fits(
    client: Client, provider: FakeProvider
) -> None:
    provider.id_token_header = {"kid": None}

    answer = sign_in(client, provider)

    assert answer.status_code == 302


def test_userinfo_of_another_person_is_refused(client: Client, provider: FakeProvider) -> None:
    provider.userinfo = {"sub": "subject-2"}

    answer = sign_in(client, provider)

    assert answer.status_code == 403
    assert not User.objects.exists()


def test_a_state_is_used_once(client: Client, provider: FakeProvider) -> None:
    sent = begin(client, provider)
    finish(client, sent)

    answer = finish(client, sent)

    assert answer.status_code == 403


def test_an_error_does_not_sign_anybody_out(browser: Client, provider: FakeProvider) -> None:
    answer = browser.get("/accounts/callback/escape/", {"error": "access_denied"})

    assert answer.status_code == 403
    assert "_auth_user_id" in browser.session


def test_an_announced_issuer_must_come_back(client: Client, provider: FakeProvider) -> None:
    provider.discovery["authorization_response_iss_parameter_supported"] = True
    sent = begin(client, provider)

    answer = finish(client, sent)

    assert answer.status_code == 403


def test_a_foreign_issuer_in_the_answer_is_refused(client: Client, provider: FakeProvider) -> None:
    sent = begin(client, provider)

    answer = finish(client, sent, iss="https://elsewhere.example/")

    assert answer.status_code == 403


@pytest.mark.parametrize(("status", "error"), [(400, "invalid_grant"), (500, "server_error")])
def test_a_refusing_token_endpoint_is_no_fault_of_ours(
    client: Client, provider: FakeProvider, status: int, error: str
) -> None:
    provider.refuse["authorization_code"] = (status, error)

    answer = sign_in(client, provider)

    assert answer.status_code == 403


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:x"])
def test_signing_in_leads_nowhere_else(client: Client, provider: FakeProvider, target: str) -> None:
    answer = sign_in(client, provider, target)

    assert answer["Location"] == "/"


def test_two_tabs_each_go_where_they_wanted(client: Client, provider: FakeProvider) -> None:
    first = begin(client, provider, "/data/")
    begin(client, provider, "/sessions/")
    provider.nonce = first["nonce"]

    answer = finish(client, first)

    assert answer["Location"] == "/data/"


def test_a_suspended_person_is_told_so(client: Client, provider: FakeProvider) -> None:
    sign_in(client, provider)
    User.objects.update(is_active=False)

    answer = sign_in(Client(), provider)

    assert answer.status_code == 403
    assert "suspended" in answer.content.decode()


def test_signing_out_gives_the_refresh_token_back(
    client: Client, provider: FakeProvider, committed: Committed
) -> None:
    provider.discovery["end_session_endpoint"] = f"{provider.issuer}logout"
    sign_in(client, provider)

    with committed():
        answer = client.post("/accounts/logout/")

    assert "_auth_user_id" not in client.session
    assert ("/revoke", "refresh-0") in [
        (path, form.get("token")) for path, form in provider.requests
    ]
    assert answer["Location"].startswith(f"{provider.issuer}logout?")
    assert "id_token_hint" in answer["Location"]


def test_signing_out_keeps_the_tokens_while_work_goes_on(
    client: Client, provider: FakeProvider
) -> None:
    sign_in(client, provider)
    user = User.objects.get()
    Operation.objects.create(kind="run", subject=uuid.uuid4(), user=user, key="k")

    client.post("/accounts/logout/")

    assert "_auth_user_id" not in client.session
    assert TokenGrant.objects.filter(identity__user=user).exists()
