"""The page for people in no group, and the operators' page of people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import people, providers
from accounts.models import AuditEvent, User
from accounts.roles import MFA
from tests.factories import make_identity, make_user, sign_in
from tests.fakes.provider import FakeProvider

pytestmark = pytest.mark.django_db


@pytest.fixture
def outsider(alice: User, provider: FakeProvider) -> Client:
    """The browser of somebody in no group that opens the portal."""
    make_identity(alice, issuer=provider.issuer, subject="alice@escape")
    alice.roles, alice.groups = [], ["/somewhere"]
    alice.save()
    client = Client()
    sign_in(client, alice)
    return client


@pytest.fixture
def helping(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the provider's entry say how to ask."""
    configured = providers.registry()["escape"]

    def say(**told: str) -> None:
        help_ = providers.MembershipHelp(**told)
        entry = configured.model_copy(update={"membership_help": help_})
        monkeypatch.setattr(providers, "registry", lambda: {"escape": entry})

    return say


@pytest.fixture
def operator() -> Client:
    """The browser of an operator with a second factor."""
    user = make_user("olga")
    user.roles = ["member", "operator"]
    user.save()
    client = Client()
    session = sign_in(client, user)
    session.acr = MFA
    session.save()
    return client


def test_somebody_in_no_group_is_led_to_the_page(outsider: Client) -> None:
    answer = outsider.get("/data/")

    assert answer["Location"].startswith("/accounts/membership/")
    assert outsider.get("/api/v1/me").status_code == 403


def test_the_page_names_the_groups_and_who_one_is(outsider: Client, alice: User) -> None:
    page = outsider.get("/accounts/membership/?next=/data/").content.decode()

    assert "<code>/escape</code>" in page
    for told in ("Fake institute", "alice@escape", "Alice", "/somewhere"):
        assert told in page
    assert 'value="/data/"' in page


def test_the_page_says_how_to_ask(outsider: Client, helping: Callable[..., None]) -> None:
    helping(text="Ask the ESCAPE secretariat.", url="https://join.test/")

    page = outsider.get("/accounts/membership/").content.decode()

    assert "Ask the ESCAPE secretariat." in page
    assert 'href="https://join.test/"' in page


def test_members_have_no_business_there(browser: Client) -> None:
    assert browser.get("/accounts/membership/?next=/data/")["Location"] == "/data/"
    answer = browser.get("/accounts/membership/?next=https://evil.test/")
    assert answer["Location"] == "/"


def test_whoever_was_added_gets_in_by_signing_in_again(
    outsider: Client, provider: FakeProvider
) -> None:
    from tests.unit.accounts.test_sign_in import sign_in as at_provider

    provider.subject, provider.claims["wlcg.groups"] = "alice@escape", ["/escape"]

    at_provider(outsider, provider, "/data/")

    assert outsider.get("/accounts/membership/")["Location"] == "/"
    assert User.objects.get().roles == ["member"]


@pytest.mark.parametrize("query", ["alice", "ALICE-T", "a@b.eu", "/escape/cms", "alice@escape"])
def test_people_are_found_by_whatever_names_them(
    query: str, alice: User, bob: User, provider: FakeProvider
) -> None:
    make_identity(alice, issuer=provider.issuer, subject="alice@escape")
    alice.email, alice.groups = "a@b.eu", ["/escape/cms"]
    alice.save()

    assert [user.pk for user in people.find(query)] == [alice.pk]


@pytest.mark.parametrize("query", ["zzz", "%", "'", "a" * 5000])
def test_odd_queries_for_people_are_only_queries(query: str, operator: Client, alice: User) -> None:
    assert operator.get("/accounts/people/", {"q": query}).status_code == 200


def test_at_most_fifty_are_listed() -> None:
    for _ in range(people.MOST + 3):
        make_user("crowd", accepted=False, ready=False)

    assert len(people.find("crowd")) == people.MOST


def test_an_operator_suspends_with_a_reason_and_reinstates(operator: Client, bob: User) -> None:
    page = f"/accounts/people/{bob.pk}/"

    refused = operator.post(f"{page}suspend/", {"reason": "  "})
    operator.post(f"{page}suspend/", {"reason": "left the collaboration"})

    assert refused.status_code == 422
    assert not User.objects.get(pk=bob.pk).is_active
    assert "left the collaboration" in operator.get(page).content.decode()
    again = operator.post(f"{page}suspend/", {"reason": "twice"})
    assert again.status_code == 409

    operator.post(f"{page}reinstate/")
    assert User.objects.get(pk=bob.pk).is_active
    told = AuditEvent.objects.filter(object_id=bob.handle).exclude(actor=None)
    assert sorted(told.values_list("action", flat=True)) == [
        "account.reinstated",
        "account.suspended",
    ]


def test_operators_do_not_suspend_themselves(operator: Client) -> None:
    myself = User.objects.get(handle__startswith="olga")

    answer = operator.post(f"/accounts/people/{myself.pk}/suspend/", {"reason": "r"})

    assert answer.status_code == 409
    myself.refresh_from_db()
    assert myself.is_active


def test_who_is_not_suspended_is_not_reinstated(operator: Client, bob: User) -> None:
    assert operator.post(f"/accounts/people/{bob.pk}/reinstate/").status_code == 409


@pytest.mark.parametrize("what", ["", "suspend/", "reinstate/"])
def test_the_pages_of_people_do_not_exist_for_others(what: str, browser: Client, bob: User) -> None:
    path = f"/accounts/people/{bob.pk}/{what}"
    ask: Any = browser.post if what else browser.get

    assert ask(path, {"reason": "r"}).status_code == 404
    assert browser.get("/accounts/people/").status_code == 404
    bob.refresh_from_db()
    assert bob.is_active
