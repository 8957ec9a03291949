"""Personal API tokens: made once, shown once, limited, ended, and never more than their owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import api_tokens
from accounts.models import ApiToken, AuditEvent, Identity, TokenScope, User
from tests.factories import make_identity, make_user, sign_in
from vre_portal.errors import Conflict, InvalidRequest, NotFound
from vre_portal.limits import REFUSED

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(alice: User) -> User:
    """Alice with an identity that has not lapsed."""
    make_identity(alice, issuer="https://escape.test/")
    return alice


def ask(secret: str, path: str = "/api/v1/me", method: str = "get", **more: Any) -> Any:
    client: Any = Client(enforce_csrf_checks=True)
    return getattr(client, method)(path, headers={"Authorization": f"Bearer {secret}"}, **more)


def make(user: User, *scopes: str, name: str = "laptop") -> str:
    return api_tokens.make(user, name=name, scopes=scopes or ["read"], days=7).secret


def test_a_token_acts_as_its_owner_without_cookies(alice: User) -> None:
    answer = ask(make(alice))

    assert answer.status_code == 200
    assert answer.json()["handle"] == alice.handle


def test_only_a_hash_is_stored(alice: User) -> None:
    secret = make(alice)

    row = ApiToken.objects.get()

    stored = [str(getattr(row, field.attname)) for field in row._meta.concrete_fields]
    assert not any(secret in value for value in stored)
    assert secret.startswith("vre_")
    assert secret.startswith(row.hint)


@pytest.mark.parametrize("wrong", ["vre_", "vre_unknown", "eyJhbGciOi.eyJpc3MiOi.c2ln", "x" * 5000])
def test_a_wrong_token_is_refused_with_the_scheme(wrong: str, db: None) -> None:
    answer = ask(wrong)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_last_use_is_noted(alice: User) -> None:
    ask(make(alice))

    row = ApiToken.objects.get()

    assert row.last_used_at is not None
    assert row.last_used_from == "127.0.0.1"


def test_a_revoked_token_opens_nothing_and_stays_as_history(alice: User) -> None:
    secret = make(alice)
    key = str(ApiToken.objects.get().pk)

    api_tokens.revoke(alice, key)

    assert ask(secret).status_code == 401
    assert [row.name for row in api_tokens.ended(alice)] == ["laptop"]
    assert AuditEvent.objects.filter(action="token.revoked", object_id=key).exists()


def test_an_expired_token_opens_nothing(alice: User) -> None:
    secret = make(alice)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert ask(secret).status_code == 401


def test_nobody_ends_the_token_of_another(alice: User, bob: User) -> None:
    make(alice)

    with pytest.raises(NotFound):
        api_tokens.revoke(bob, str(ApiToken.objects.get().pk))


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 400}, "days"),
    ],
)
def test_a_wrong_wish_names_the_field(alice: User, wish: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        api_tokens.make(alice, **{"name": "laptop", "scopes": ["read"], "days": 7, **wish})

    assert refused.value.field == field


def test_two_live_tokens_differ_in_name(alice: User) -> None:
    make(alice)

    with pytest.raises(Conflict, match="laptop"):
        make(alice)

    api_tokens.revoke_all(alice)
    make(alice)


def test_reading_needs_read_and_acting_the_scope_of_the_part(alice: User) -> None:
    reads, acts = make(alice, "read", name="r"), make(alice, "data", name="d")
    wish = {"did": "cms:dimuon", "storage": "CERN"}
    path = "/api/v1/data/replica-requests"

    refused = ask(reads, path, "post", data=wish, content_type="application/json")

    assert refused.status_code == 403
    assert "scope data" in refused.json()["detail"]
    acted = ask(acts, path, "post", data={}, content_type="application/json")
    assert acted.status_code == 422
    assert ask(acts, "/api/v1/sessions").status_code == 403


def test_a_token_changes_nothing_of_the_account(alice: User) -> None:
    everything = make(alice, "read", "data", "sessions", "workflows")

    answer = ask(
        everything, "/api/v1/me/tokens", "post",
        data={"name": "b", "scopes": ["read"], "days": 7}, content_type="application/json",
    )  # fmt: skip

    assert answer.status_code == 403


def test_a_token_opens_no_more_than_its_owner_may_now(alice: User) -> None:
    alice.roles = ["member", "operator"]
    alice.save()
    secret = make(alice, "read", "admin")
    User.objects.filter(pk=alice.pk).update(roles=[])

    assert ask(secret).status_code == 403


def test_lapsed_identities_end_tokens_until_the_next_sign_in(alice: User) -> None:
    secret = make(alice)
    Identity.objects.update(lapsed_at=timezone.now())
    assert ask(secret).status_code == 401

    Identity.objects.update(lapsed_at=None)

    assert ask(secret).status_code == 200


def test_the_terms_hold_for_tokens_too(db: None) -> None:
    newcomer = make_user("new", accepted=False)
    make_identity(newcomer, issuer="https://escape.test/", subject="new")

    assert ask(make(newcomer)).status_code == 403


def test_guessing_is_slowed_down(db: None) -> None:
    statuses = [ask(f"vre_guess{number}").status_code for number in range(REFUSED.count + 1)]

    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_the_page_shows_a_new_token_once(alice: User, client: Client) -> None:
    sign_in(client, alice)

    made = client.post("/accounts/tokens/new/", {"name": "ci", "scopes": ["read"], "days": "30"})

    secret = made.content.decode().partition("<code>vre_")[2].partition("<")[0]
    assert ask(f"vre_{secret}").status_code == 200
    assert secret not in client.get("/accounts/tokens/").content.decode()


def test_making_one_needs_a_recent_sign_in(alice: User, client: Client) -> None:
    sign_in(client, alice, ago=timedelta(minutes=6))

    answer = client.post("/accounts/tokens/new/", {"name": "x", "scopes": ["read"], "days": "7"})

    assert answer.status_code == 403
    assert "Sign in again to go on" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_a_wrong_form_keeps_what_was_typed(alice: User, client: Client) -> None:
    sign_in(client, alice)

    answer = client.post("/accounts/tokens/new/", {"name": "nightly", "days": "30"})

    assert answer.status_code == 422
    assert "nightly" in answer.content.decode()


def test_the_api_makes_and_ends_tokens_for_a_browser(alice: User, client: Client) -> None:
    sign_in(client, alice)
    wish = {"name": "api", "scopes": ["read"], "days": 7}

    made = client.post("/api/v1/me/tokens", wish, content_type="application/json")

    assert made.status_code == 201
    assert ask(made.json()["token"]).status_code == 200
    listed = client.get("/api/v1/me/tokens").json()["items"]
    assert [row["name"] for row in listed] == ["api"]
    assert "token" not in listed[0]
    assert client.delete(f"/api/v1/me/tokens/{listed[0]['id']}").status_code == 204
    assert ask(made.json()["token"]).status_code == 401


def _views(resolver: URLResolver, before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for part in resolver.url_patterns:
        here = before + str(part.pattern)
        found += (
            [(here, getattr(part.callback, "cls", None))]
            if isinstance(part, URLPattern)
            else _views(part, here)
        )
    return found


def test_every_view_of_the_api_says_which_part_it_is() -> None:
    known = {*TokenScope.values, "account"}
    views = {
        route: view
        for route, view in _views(get_resolver())
        if view is not None and route not in {"api/v1/schema/", "api/v1/sessions/broker/token"}
    }

    assert views
    assert [route for route, view in views.items() if getattr(view, "area", "") not in known] == []
