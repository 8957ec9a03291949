"""The second factor: it belongs to the browser that used it, not to the account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import api_tokens, providers
from accounts.models import ApiToken, Identity, User, WebSession
from accounts.roles import MFA
from tests.factories import sign_in
from tests.fakes.provider import FakeProvider
from tests.unit.accounts.test_sign_in import begin, finish

pytestmark = pytest.mark.django_db
PEOPLE = "/accounts/people/"


@pytest.fixture(autouse=True)
def _with_factor(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider can tell a second factor, and another one cannot."""
    told = providers.registry()["escape"]
    both = {
        "escape": told.model_copy(update={"mfa": True}),
        "plain": told.model_copy(update={"slug": "plain", "name": "Plain institute"}),
    }
    monkeypatch.setattr(providers, "registry", lambda: both)


@pytest.fixture
def operator(alice: User, provider: FakeProvider) -> User:
    """Alice, whom her identity at the provider with second factors makes an operator."""
    User.objects.filter(pk=alice.pk).update(roles=["member", "operator"])
    Identity.objects.create(
        user=alice, provider="escape", issuer=provider.issuer, subject="subject-1",
        roles=["member", "operator"], acr=MFA,
    )  # fmt: skip
    alice.refresh_from_db()
    return alice


def browser_of(user: User, *, acr: str = "") -> Client:
    browser = Client()
    sign_in(browser, user, acr=acr)
    return browser


def test_a_browser_without_one_is_no_operators(operator: User) -> None:
    strong, weak = browser_of(operator, acr=MFA), browser_of(operator)

    assert strong.get(PEOPLE).status_code == 200
    refused = weak.get(PEOPLE)
    assert refused.status_code == 403
    assert "Sign in with a second factor" in refused.content.decode()


def test_a_browser_without_one_suspends_nobody(operator: User, bob: User) -> None:
    answer = browser_of(operator).post(f"{PEOPLE}{bob.pk}/suspend/", {"reason": "r"})

    bob.refresh_from_db()
    assert answer.status_code == 403
    assert bob.is_active


def test_who_is_no_operator_is_not_asked_for_one(bob: User) -> None:
    assert browser_of(bob).get(PEOPLE).status_code == 404


def test_using_one_in_this_browser_opens_the_page(operator: User, provider: FakeProvider) -> None:
    browser = browser_of(operator)
    sent = begin(browser, provider, PEOPLE, intent="reauth", mfa="yes")
    now = int(timezone.now().timestamp())
    provider.id_token_claims = {"auth_time": now, "acr": MFA}
    provider.claims["wlcg.groups"] = ["/escape", "/escape/operators"]

    answer = finish(browser, sent)

    assert sent["acr_values"] == MFA
    assert answer["Location"] == PEOPLE
    assert browser.get(PEOPLE).status_code == 200
    assert WebSession.objects.get().acr == MFA


def test_a_sign_in_with_one_is_noted_at_the_browser(provider: FakeProvider) -> None:
    browser = Client()
    sent = begin(browser, provider, mfa="yes")
    provider.id_token_claims = {"acr": MFA}

    finish(browser, sent)

    assert WebSession.objects.get().acr == MFA


def test_an_identity_without_factors_opens_nothing_that_another_gives(operator: User) -> None:
    Identity.objects.filter(user=operator).update(provider="escape")
    plain = Identity.objects.create(
        user=operator, provider="plain", issuer="https://plain.test/", subject="p"
    )
    browser = browser_of(operator)
    WebSession.objects.update(identity=plain, acr=MFA)

    assert browser.get(PEOPLE).status_code == 403


def test_where_no_provider_can_tell_one_none_is_asked(operator: User) -> None:
    Identity.objects.filter(user=operator).update(provider="plain")

    assert browser_of(operator).get(PEOPLE).status_code == 200


def make_token(browser: Client, scopes: list[str]) -> Any:
    form = {"name": "ops", "scopes": scopes, "days": "30"}
    return browser.post("/accounts/tokens/new/", form)


def make_by_api(browser: Client, scopes: list[str]) -> Any:
    wish = json.dumps({"name": "ops", "scopes": scopes, "days": 30})
    return browser.post("/api/v1/me/tokens", wish, content_type="application/json")


@pytest.mark.parametrize("make", [make_token, make_by_api])
def test_a_token_for_operators_needs_one(operator: User, make: Any) -> None:
    assert make(browser_of(operator), ["admin"]).status_code in {403, 422}
    assert not ApiToken.objects.exists()

    assert make(browser_of(operator, acr=MFA), ["admin"]).status_code == 201
    assert api_tokens.live(operator)[0].scopes == ["admin"]


@pytest.mark.parametrize("make", [make_token, make_by_api])
def test_other_tokens_need_none(operator: User, make: Any) -> None:
    assert make(browser_of(operator), ["read"]).status_code == 201


@pytest.mark.parametrize("acr", [MFA, ""])
def test_signing_in_again_asks_for_the_factor_that_the_browser_used(
    operator: User, acr: str
) -> None:
    browser = Client()
    sign_in(browser, operator, acr=acr, ago=timedelta(hours=1))

    page = browser.get("/accounts/tokens/new/").content.decode()

    assert "Sign in again to go on" in page
    assert ('name="mfa" value="yes"' in page) is bool(acr)
