"""Each limit on tries: 429 with the time to wait, for whoever tried, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import api_tokens
from accounts.models import User
from tests.factories import make_identity, make_user
from tests.fakes.provider import FakeProvider
from vre_portal.errors import TooManyRequests
from vre_portal.limits import API, REFUSED, SEARCH, SIGN_IN, Limit

pytestmark = pytest.mark.django_db

HERE, THERE = "192.0.2.7", "192.0.2.8"


def sign_in(address: str) -> Any:
    return Client().post("/accounts/login/escape/", REMOTE_ADDR=address)


def search(address: str) -> Any:
    return Client().get("/accounts/login/?q=gottingen&fragment=found", REMOTE_ADDR=address)


def wrong_token(address: str) -> Any:
    told = {"Authorization": "Bearer vre_wrong"}
    return Client().get("/api/v1/me", headers=told, REMOTE_ADDR=address)


def first_refusal(limit: Limit, key: object, ask: Callable[[], Any]) -> Any:
    """Return the first answer that is a 429, of twice as many: the window may end in the midst.

    All but one of the tries are made beneath the pages, which would take long.
    """
    for _ in range(2 * limit.count):
        try:
            limit.use(key)
        except TooManyRequests:
            break
    answers = (ask() for _ in range(2 * limit.count))
    return next(answer for answer in answers if answer.status_code == 429)


@pytest.mark.parametrize(
    ("limit", "ask", "elsewhere"),
    [(SIGN_IN, sign_in, 302), (SEARCH, search, 200), (REFUSED, wrong_token, 401)],
    ids=["sign-in", "search of institutions", "wrong tokens"],
)
def test_an_address_waits_and_another_does_not(
    provider: FakeProvider, limit: Limit, ask: Callable[[str], Any], elsewhere: int
) -> None:
    answer = first_refusal(limit, HERE, lambda: ask(HERE))

    assert 0 < int(answer["Retry-After"]) <= limit.seconds
    assert "tried too often" in answer.content.decode()
    assert ask(THERE).status_code == elsewhere


def test_calls_with_a_token_wait_by_person(alice: User) -> None:
    def call(user: User) -> Callable[[], Any]:
        make_identity(user, issuer="https://escape.test/", subject=user.handle)
        secret = api_tokens.make(user, name="laptop", scopes=["read"], days=7).secret
        told = {"Authorization": f"Bearer {secret}"}
        return lambda: Client().get("/api/v1/me", headers=told)

    answer = first_refusal(API, alice.pk, call(alice))

    assert 0 < int(answer["Retry-After"]) <= API.seconds
    assert answer.json()["code"] == "too-many-requests"
    assert answer.json()["retry_after"] == int(answer["Retry-After"])
    assert call(make_user("bob"))().status_code == 200


def test_a_page_says_how_long_to_wait(provider: FakeProvider) -> None:
    answer = first_refusal(SIGN_IN, HERE, lambda: sign_in(HERE))

    assert answer["Content-Type"].startswith("text/html")
    assert f"in {answer['Retry-After']} seconds" in answer.content.decode()


def test_looking_for_ways_to_sign_in_without_a_search_is_not_counted(
    provider: FakeProvider,
) -> None:
    first_refusal(SEARCH, HERE, lambda: search(HERE))

    answer = Client().get("/accounts/login/", REMOTE_ADDR=HERE)

    assert answer.status_code == 200
