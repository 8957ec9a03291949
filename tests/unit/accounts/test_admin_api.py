"""What operators do by the API: with a token that has `admin`, or in a browser."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts import api_tokens, audit, providers
from accounts.models import AuditEvent, Identity, User, WebSession
from accounts.roles import MFA
from tests.factories import make_user, sign_in

pytestmark = pytest.mark.django_db
PEOPLE, LOG = "/api/v1/people", "/api/v1/audit"


@pytest.fixture
def operator(db: None) -> User:
    """Somebody whom an identity at the provider makes an operator."""
    user = make_user("op")
    user.roles = ["member", "operator"]
    user.save()
    Identity.objects.create(
        user=user, provider="escape", issuer="https://escape.test/", subject="op",
        roles=user.roles, acr=MFA,
    )  # fmt: skip
    return user


class Token:
    """A program with a personal token."""

    def __init__(self, user: User, *scopes: str) -> None:
        name = "-".join(scopes)
        secret = api_tokens.make(user, name=name, scopes=scopes, days=7).secret
        self._told = {"Authorization": f"Bearer {secret}"}

    def get(self, address: str, /, **asked: str) -> Any:
        return Client().get(address, asked, headers=self._told)

    def post(self, address: str, wish: object = None) -> Any:
        return Client().post(address, wish, content_type="application/json", headers=self._told)


def test_a_token_with_admin_finds_suspends_and_reinstates(operator: User, alice: User) -> None:
    ops = Token(operator, "admin")

    found = ops.get(PEOPLE, q=alice.handle).json()["items"]
    assert [one["handle"] for one in found] == [alice.handle]

    stopped = ops.post(f"{PEOPLE}/{alice.pk}/suspend", {"reason": "a stolen laptop"})
    assert (stopped.status_code, stopped.json()["is_active"]) == (200, False)
    assert stopped.json()["suspension_reason"] == "a stolen laptop"
    again = ops.post(f"{PEOPLE}/{alice.pk}/suspend", {"reason": "again"})
    assert again.status_code == 409

    back = ops.post(f"{PEOPLE}/{alice.pk}/reinstate")
    assert (back.status_code, back.json()["is_active"]) == (200, True)
    told = AuditEvent.objects.filter(actor=operator.pk, object_id=alice.handle)
    assert {row.action for row in told} == {"account.suspended", "account.reinstated"}


@pytest.mark.parametrize("wish", [{}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 301}])
def test_nobody_is_suspended_without_a_reason(operator: User, alice: User, wish: object) -> None:
    answer = Token(operator, "admin").post(f"{PEOPLE}/{alice.pk}/suspend", wish)

    alice.refresh_from_db()
    assert (answer.status_code, answer.json()["field"]) == (422, "reason")
    assert alice.is_active


def test_nobody_suspends_themself_or_who_is_not_there(operator: User) -> None:
    ops = Token(operator, "admin")

    assert ops.post(f"{PEOPLE}/{operator.pk}/suspend", {"reason": "r"}).status_code == 409
    assert ops.post(f"{PEOPLE}/{uuid.uuid4()}/suspend", {"reason": "r"}).status_code == 404
    assert ops.post(f"{PEOPLE}/{operator.pk}/reinstate").status_code == 409


@pytest.mark.parametrize("address", [PEOPLE, LOG])
def test_other_scopes_open_nothing_of_it(operator: User, address: str) -> None:
    answer = Token(operator, "read", "data").get(address)

    assert answer.status_code == 403
    assert "admin" in answer.json()["detail"]


@pytest.mark.parametrize("address", [PEOPLE, LOG])
def test_a_token_opens_nothing_once_its_owner_is_no_operator(operator: User, address: str) -> None:
    ops = Token(operator, "admin")
    assert ops.get(address).status_code == 200

    User.objects.filter(pk=operator.pk).update(roles=["member"])

    assert ops.get(address).status_code == 403


@pytest.mark.parametrize("address", [PEOPLE, LOG])
def test_to_others_it_does_not_exist(alice: User, address: str) -> None:
    browser = Client()
    sign_in(browser, alice)

    assert browser.get(address).status_code == 404


@pytest.mark.parametrize("address", [PEOPLE, LOG])
def test_a_browser_needs_the_second_factor_as_on_the_pages(
    operator: User, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = providers.registry()["escape"].model_copy(update={"mfa": True})
    monkeypatch.setattr(providers, "registry", lambda: {"escape": told})
    browser = Client()
    sign_in(browser, operator)

    refused = browser.get(address)
    WebSession.objects.update(acr=MFA)

    assert refused.status_code == 403
    assert "second factor" in refused.json()["detail"]
    assert browser.get(address).status_code == 200


def test_the_log_is_read_page_by_page_by_its_filters(operator: User, alice: User) -> None:
    ops = Token(operator, "admin")
    for number in range(3):
        audit.record("test.done", actor=alice, about=("number", number))
    audit.record("other.done", actor=alice)

    first = ops.get(LOG, action="test", person=alice.handle, limit="2").json()
    second = ops.get(first["next"]).json()

    told = [one["object_id"] for one in (*first["items"], *second["items"])]
    assert told == ["2", "1", "0"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("address", "nowhere"), ("since", "yesterday"), ("result", "x"), ("limit", "0")],
)
def test_a_wrong_filter_is_named(operator: User, field: str, value: str) -> None:
    answer = Token(operator, "admin").get(LOG, **{field: value})

    assert (answer.status_code, answer.json()["field"]) == (422, field)
