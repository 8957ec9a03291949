"""The page on which one chooses how to sign in: providers, what they tell, and the last choice."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts import last_choice, providers, released
from accounts.institutions import folded_forms
from accounts.models import Institution
from accounts.providers import Provider
from tests.fakes.provider import FakeProvider
from vre_portal.config import get_config

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture
def hinted(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider, which takes a hint and asks for more than the usual."""
    changes = {
        "hint_parameter": "idphint",
        "logo": "/static/img/mark.svg",
        "scopes": ("openid", "profile", "wlcg.groups"),
        "required_claims": ("name", "email"),
    }
    told = providers.registry()["escape"].model_copy(update=changes)
    monkeypatch.setattr(providers, "registry", lambda: {"escape": told})
    return told


@pytest.fixture
def institution(hinted: Provider) -> Institution:
    """An institution that the provider reaches."""
    return Institution.objects.create(
        entity_id="https://idp.uni-goettingen.test/",
        provider="escape",
        hint="https://idp.uni-goettingen.test/",
        name="Universität Göttingen",
        folded=folded_forms(["Universität Göttingen"]),
    )


def choose(client: Client, **form: str) -> Any:
    return client.post("/accounts/login/escape/", form)


def page_of(client: Client, **query: str) -> str:
    return client.get(LOGIN, query).content.decode()


def test_a_provider_is_shown_with_its_logo(client: Client, hinted: Provider) -> None:
    assert '<img src="/static/img/mark.svg" alt=""' in page_of(client)


def test_the_page_says_what_each_provider_tells(client: Client, hinted: Provider) -> None:
    text = page_of(client)

    assert "an identifier of you, your name, your groups." in text
    assert "It has to tell your name, your e-mail address" in text


def test_what_is_not_asked_for_is_not_said(provider: FakeProvider) -> None:
    told = providers.registry()["escape"].model_copy(update={"scopes": ("openid",)})

    assert released.told_by(told) == ["an identifier of you"]
    assert released.needed_from(told) == []


def test_a_choice_is_remembered_on_the_device(client: Client, institution: Institution) -> None:
    answer = choose(client, idp=institution.hint)

    kept = answer.cookies[last_choice.cookie_name()]
    assert kept["httponly"]
    assert kept["samesite"] == "Lax"
    assert "Continue with Universität Göttingen" in page_of(client)
    assert "Continue with" not in page_of(Client())


def test_a_provider_is_remembered_too(client: Client, provider: FakeProvider) -> None:
    choose(client)

    assert "Continue with Fake institute" in page_of(client)


def test_signing_in_anew_is_no_choice(browser: Client, provider: FakeProvider) -> None:
    answer = choose(browser, intent="link")

    assert last_choice.cookie_name() not in answer.cookies


def test_over_https_no_other_host_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    secure = get_config().model_copy(update={"public_url": "https://portal.example"})
    monkeypatch.setattr(last_choice, "get_config", lambda: secure)

    assert last_choice.cookie_name().startswith("__Host-")


def test_the_choice_is_forgotten_and_where_to_go_is_not(
    client: Client, provider: FakeProvider
) -> None:
    choose(client)

    answer = client.post("/accounts/login/forget/", {"next": "/data/"}, follow=True)

    assert 'name="next" value="/data/"' in answer.content.decode()
    assert "Continue with" not in answer.content.decode()


def test_forgetting_leads_nowhere_else(client: Client) -> None:
    answer = client.post("/accounts/login/forget/", {"next": "https://evil.example/"})

    assert answer["Location"] == f"{LOGIN}?next=%2F"


@pytest.mark.parametrize(
    "forged",
    ["", "|", "nowhere|x", "<script>", "escape|<script>alert(1)</script>", "escape|%00", "%",
     "escape|" + "x" * 5000, "escape|https://idp.other.test/", "..|..", "%ff%fe|%ff"],
)  # fmt: skip
def test_a_forged_choice_does_no_harm(
    client: Client, institution: Institution, forged: str
) -> None:
    client.cookies[last_choice.cookie_name()] = forged

    answer = client.get(LOGIN)

    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()
    assert "Göttingen" not in answer.content.decode()


def test_a_choice_of_another_providers_institution_is_not_believed(
    client: Client, institution: Institution
) -> None:
    Institution.objects.update(provider="elsewhere")
    client.cookies[last_choice.cookie_name()] = f"escape|{institution.entity_id}"

    assert "Göttingen" not in page_of(client)
