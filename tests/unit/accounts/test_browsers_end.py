"""Browsers that end: while somebody proves who they are, without a row, and with them the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from accounts import id_tokens, sign_out, token_endpoint, web_sessions
from accounts.decorators import FRESH
from accounts.models import PendingLink, TokenGrant, User, WebSession
from tests.factories import sign_in
from tests.fakes.provider import FakeProvider
from tests.unit.accounts.test_linking import CONFIRM, prove
from tests.unit.accounts.test_sign_in import begin, finish

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(alice: User, provider: FakeProvider) -> User:
    """Alice, known by her identity at the provider."""
    provider.claims["wlcg.groups"] = ["/escape"]
    alice.identities.create(provider="escape", issuer=provider.issuer, subject="subject-1")
    return alice


@pytest.fixture
def grant(alice: User) -> Callable[[], bool]:
    """A token of the portal's own issuer; call it to hear whether it still is there."""
    rows = get_access_token_model().objects
    rows.create(user=alice, token="t", expires=timezone.now() + timedelta(hours=1))
    return lambda: bool(rows.exists())


def reauthenticated(client: Client, sent: dict[str, str], provider: FakeProvider) -> Any:
    provider.id_token_claims = {"auth_time": int(time.time())}
    return finish(client, sent)


@pytest.mark.parametrize("when", ["before the answer", "while the provider is asked"])
def test_a_browser_that_ended_meanwhile_is_told_so(
    alice: User,
    client: Client,
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    row = sign_in(client, alice)
    sent = begin(client, provider, intent="reauth")
    redeem = token_endpoint.redeem

    def slowly(*args: Any, **kwargs: Any) -> Any:
        WebSession.objects.filter(pk=row.pk).delete()
        return redeem(*args, **kwargs)

    if when == "before the answer":
        WebSession.objects.filter(pk=row.pk).delete()
    else:
        monkeypatch.setattr(token_endpoint, "redeem", slowly)

    answer = reauthenticated(client, sent, provider)

    assert answer.status_code in {302, 403}
    assert "_auth_user_id" not in client.session
    assert not TokenGrant.objects.exists()
    assert client.get("/")["Location"].startswith("/accounts/login/")


def test_a_browser_that_ends_at_the_last_moment_is_no_fault(
    alice: User, client: Client, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, alice)
    sent = begin(client, provider, intent="reauth")
    of_request = web_sessions.of_request

    def then_gone(request: Any) -> WebSession | None:
        found = of_request(request)
        if request.path.startswith("/accounts/callback/") and found and provider.grants("code"):
            WebSession.objects.filter(pk=found.pk).delete()
        return found

    monkeypatch.setattr(web_sessions, "of_request", then_gone)
    answer = reauthenticated(client, sent, provider)

    assert answer.status_code == 403
    assert "signed out meanwhile" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_session_without_a_browser_counts_for_nobody(alice: User, client: Client) -> None:
    client.force_login(alice)

    assert client.get("/")["Location"].startswith("/accounts/login/")
    assert client.get("/api/v1/me").status_code == 401


def test_a_proof_waits_while_one_signs_in_again(
    client: Client, alice: User, provider: FakeProvider
) -> None:
    sign_in(client, alice)
    provider.subject = "subject-2"
    prove(client, provider)
    WebSession.objects.update(auth_time=timezone.now() - timedelta(minutes=10))
    assert "Sign in again" in client.get(CONFIRM).content.decode()

    provider.subject = "subject-1"
    reauthenticated(client, begin(client, provider, CONFIRM, intent="reauth"), provider)
    client.post(CONFIRM)

    assert alice.identities.filter(subject="subject-2").exists()
    assert not PendingLink.objects.exists()


def test_a_sign_in_of_which_no_time_is_told_is_not_a_fresh_one(
    client: Client, alice: User, provider: FakeProvider
) -> None:
    provider.id_token_claims = {"auth_time": None}
    finish(client, begin(client, provider))

    assert WebSession.objects.get().auth_time == id_tokens.UNKNOWN
    assert client.get("/accounts/tokens/new/").status_code == 403


def test_a_silent_sign_in_is_not_a_fresh_one(
    client: Client, alice: User, provider: FakeProvider
) -> None:
    provider.id_token_claims = {"auth_time": int(time.time() - 2 * FRESH.total_seconds())}
    finish(client, begin(client, provider))

    assert client.get("/accounts/tokens/new/").status_code == 403


def end_from_elsewhere(user: User, row: WebSession) -> None:
    sign_out.sign_out_browser(user, str(row.pk))


def end_by_absence(user: User, row: WebSession) -> None:
    WebSession.objects.update(last_seen_at=timezone.now() - timedelta(days=4))
    web_sessions.forget_ended()


def end_by_age(user: User, row: WebSession) -> None:
    WebSession.objects.update(started_at=timezone.now() - timedelta(days=15))
    web_sessions.forget_ended()


@pytest.mark.parametrize("end", [end_from_elsewhere, end_by_absence, end_by_age])
def test_with_the_last_browser_ends_what_the_portal_issued(
    alice: User,
    client: Client,
    grant: Callable[[], bool],
    end: Callable[[User, WebSession], None],
) -> None:
    end(alice, sign_in(client, alice))

    assert not grant()


def test_an_absent_browser_that_looks_again_ends_it_too(
    alice: User, client: Client, grant: Callable[[], bool]
) -> None:
    sign_in(client, alice)
    WebSession.objects.update(last_seen_at=timezone.now() - timedelta(days=4))

    client.get("/")

    assert not grant()


def test_with_one_browser_of_two_it_goes_on(
    alice: User, client: Client, grant: Callable[[], bool]
) -> None:
    sign_in(Client(), alice)

    end_from_elsewhere(alice, sign_in(client, alice))

    assert grant()


@pytest.mark.django_db(transaction=True)
def test_two_last_browsers_that_end_at_once_end_it(
    alice: User, client: Client, grant: Callable[[], bool]
) -> None:
    rows = [sign_in(client, alice), sign_in(Client(), alice)]
    both_are_in = Barrier(2)

    def end(row: WebSession) -> None:
        try:
            with transaction.atomic():
                both_are_in.wait(10)
                web_sessions.end([row])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(end, rows))

    assert not grant()


def test_signing_in_again_in_the_only_browser_ends_nothing(
    alice: User, client: Client, provider: FakeProvider, grant: Callable[[], bool]
) -> None:
    sign_in(client, alice)

    finish(client, begin(client, provider))

    assert WebSession.objects.count() == 1
    assert grant()
