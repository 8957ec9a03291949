"""A provider that the site takes out of its file: its sign-ins, roles and factors are gone."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import api_tokens, providers, services, tasks, web_sessions
from accounts.models import Identity, User, WebSession
from accounts.roles import MFA
from tests.factories import make_user, sign_in
from vre_portal.errors import SignInRequired

pytestmark = pytest.mark.django_db
PEOPLE = "/accounts/people/"


@pytest.fixture(autouse=True)
def _kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site has one provider left, without second factors."""
    told = providers.registry()["escape"]
    kept = told.model_copy(update={"slug": "plain", "name": "Plain institute", "mfa": False})
    monkeypatch.setattr(providers, "registry", lambda: {"plain": kept})


def an_identity(user: User, provider: str, *, roles: list[str]) -> Identity:
    return Identity.objects.create(
        user=user, provider=provider, issuer=f"https://{provider}.test/", subject=str(user.pk),
        roles=roles, groups=[f"/{provider}"], acr=MFA,
    )  # fmt: skip


@pytest.fixture
def operator(db: None) -> User:
    """Somebody whom a provider that is gone made an operator."""
    user = make_user("op")
    user.roles, user.groups = ["member", "operator"], ["/removed"]
    user.save()
    an_identity(user, "removed", roles=["member", "operator"])
    return user


def test_a_browser_that_came_through_it_is_signed_out(operator: User) -> None:
    browser = Client()
    sign_in(browser, operator, acr=MFA)

    answer = browser.get(PEOPLE)

    assert answer["Location"].startswith("/accounts/login/")
    assert not WebSession.objects.exists()


def test_its_websockets_and_streams_are_not_admitted(operator: User) -> None:
    row = sign_in(Client(), operator)

    with pytest.raises(SignInRequired):
        web_sessions.admit(operator.pk, row.session_key)


def test_the_roles_that_it_gave_are_gone_at_the_next_look(operator: User) -> None:
    browser = Client()
    sign_in(browser, operator)

    browser.get("/")

    operator.refresh_from_db()
    assert (operator.roles, operator.groups) == ([], [])


def test_the_clock_takes_its_roles_from_people_without_a_browser(operator: User) -> None:
    secret = api_tokens.make(operator, name="ops", scopes=["admin"], days=7).secret
    sign_in(Client(), operator)

    tasks.tidy()

    operator.refresh_from_db()
    assert operator.roles == []
    assert not WebSession.objects.exists()
    told = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/me", headers=told).status_code in {401, 403}


def test_who_has_another_identity_stays_what_that_one_makes_them(operator: User) -> None:
    an_identity(operator, "plain", roles=["member"])

    services.forget_removed_providers()

    operator.refresh_from_db()
    assert operator.groups == ["/plain"]
    assert "operator" not in operator.roles


def test_nobody_is_operator_by_its_word_in_a_browser_of_another(operator: User) -> None:
    plain = an_identity(operator, "plain", roles=["member"])
    browser = Client()
    sign_in(browser, operator)
    WebSession.objects.update(identity=plain)

    assert browser.get(PEOPLE).status_code == 404
