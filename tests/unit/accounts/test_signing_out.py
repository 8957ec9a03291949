"""Signing out: one browser, everywhere, and what the provider is told."""

from __future__ import annotations

import uuid
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from accounts import api_tokens, web_sessions
from accounts.models import AuditEvent, TokenGrant, User, WebSession
from tests.factories import make_identity, sign_in
from tests.fakes.provider import FakeProvider
from tests.unit.accounts.conftest import Committed
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(alice: User, provider: FakeProvider) -> User:
    """Alice, with tokens of the provider."""
    make_identity(alice, issuer=provider.issuer)
    return alice


def revoked(provider: FakeProvider) -> list[str]:
    return [form["token"] for path, form in provider.requests if path == "/revoke"]


def test_it_ends_here_first_and_then_at_the_provider(
    alice: User, client: Client, provider: FakeProvider, committed: Committed
) -> None:
    provider.discovery["end_session_endpoint"] = f"{provider.issuer}logout"
    sign_in(client, alice)

    with committed():
        answer = client.post("/accounts/logout/")

    assert not WebSession.objects.exists()
    assert revoked(provider) == ["refresh-0"]
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query["client_id"] == ["portal"]
    assert query["post_logout_redirect_uri"][0].endswith("/accounts/signed-out/")
    back = client.get("/accounts/signed-out/", {"state": query["state"][0]})
    assert "Here and at Fake institute" in back.content.decode()


def test_without_a_way_to_end_it_there_the_page_says_so(
    alice: User, client: Client, provider: FakeProvider
) -> None:
    sign_in(client, alice)

    answer = client.post("/accounts/logout/", follow=True)

    assert "You may still be signed in at Fake institute" in answer.content.decode()


def test_a_wrong_state_on_the_way_back_is_not_believed(
    alice: User, client: Client, provider: FakeProvider
) -> None:
    provider.discovery["end_session_endpoint"] = f"{provider.issuer}logout"
    sign_in(client, alice)
    client.post("/accounts/logout/")

    back = client.get("/accounts/signed-out/", {"state": "forged"})

    assert "You may still be signed in" in back.content.decode()


def test_another_browser_stays_and_keeps_the_tokens(
    alice: User, client: Client, provider: FakeProvider
) -> None:
    other = Client()
    sign_in(other, alice)
    sign_in(client, alice)

    client.post("/accounts/logout/")

    assert other.get("/").status_code == 200
    assert TokenGrant.objects.exists()
    assert revoked(provider) == []


@pytest.mark.parametrize("needs", ["work", "token"])
def test_tokens_stay_while_something_needs_them(
    alice: User, client: Client, provider: FakeProvider, needs: str
) -> None:
    if needs == "work":
        Operation.objects.create(kind="run", subject=uuid.uuid4(), user=alice, key="k")
    else:
        api_tokens.make(alice, name="laptop", scopes=["read"], days=7)
    sign_in(client, alice)

    client.post("/accounts/logout/")

    assert TokenGrant.objects.exists()


def test_one_can_sign_another_browser_out(alice: User, client: Client) -> None:
    other = Client()
    row = sign_in(other, alice)
    sign_in(client, alice)

    client.post(f"/accounts/browsers/{row.pk}/end/")

    assert other.get("/")["Location"].startswith("/accounts/login/")
    assert client.get("/").status_code == 200


def test_signing_out_everywhere_ends_all_and_tokens_if_wished(
    alice: User, client: Client, provider: FakeProvider, committed: Committed
) -> None:
    api_tokens.make(alice, name="laptop", scopes=["read"], days=7)
    get_access_token_model().objects.create(
        user=alice, token="t", expires=timezone.now() + timedelta(hours=1)
    )
    other = Client()
    sign_in(other, alice)
    sign_in(client, alice)

    with committed():
        client.post("/accounts/browsers/everywhere/", {"tokens": "yes"})

    assert not WebSession.objects.exists()
    assert not get_access_token_model().objects.exists()
    assert api_tokens.live(alice) == []
    assert revoked(provider) == ["refresh-0"]
    assert AuditEvent.objects.filter(action="sign-out.everywhere").exists()


def test_the_page_lists_browsers_in_words(alice: User, client: Client) -> None:
    row = sign_in(client, alice)
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    WebSession.objects.filter(pk=row.pk).update(user_agent=firefox)

    text = client.get("/accounts/browsers/").content.decode()

    assert "Firefox on Linux" in text
    assert "this one" in text


@pytest.mark.parametrize(
    ("field", "age"), [("last_seen_at", timedelta(days=4)), ("started_at", timedelta(days=15))]
)
def test_an_old_sign_in_ends_at_the_next_look(
    alice: User, client: Client, field: str, age: timedelta
) -> None:
    row = sign_in(client, alice)
    WebSession.objects.filter(pk=row.pk).update(**{field: timezone.now() - age})

    answer = client.get("/")

    assert answer["Location"].startswith("/accounts/login/")
    assert not WebSession.objects.exists()


def test_the_clock_forgets_browsers_that_stay_away(alice: User, client: Client) -> None:
    row = sign_in(client, alice)
    WebSession.objects.filter(pk=row.pk).update(last_seen_at=timezone.now() - timedelta(days=4))

    assert web_sessions.forget_ended() == 1

    assert not Session.objects.exists()
