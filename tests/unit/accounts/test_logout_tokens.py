"""The matrix of back-channel logout tokens: what ends a sign-in, and what must not."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import WebSession
from tests.fakes.misbehaving.cases import Case, bent
from tests.fakes.misbehaving.provider import ABSENT
from tests.fakes.misbehaving.site import Site
from tests.fakes.misbehaving.tables import LOGOUT

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(site: Site) -> Site:
    """A browser that signed in within the provider's own session."""
    site.bent.claims["sid"] = "session-1"
    site.sign_in()
    site.bent.claims.clear()
    return site


def tell(site: Site, token: Any) -> Any:
    return site.client.post("/accounts/backchannel/bent/", {"logout_token": token})


@pytest.mark.parametrize("case", LOGOUT, ids=lambda case: case.id)
def test_a_wrong_logout_token_ends_nothing(signed_in: Site, case: Case) -> None:
    case.bend(signed_in.bent)

    answer = tell(signed_in, signed_in.bent.logout_token())

    assert answer.status_code == 400
    assert WebSession.objects.count() == 1
    assert signed_in.whoami()
    assert "elsewhere" not in [endpoint for endpoint, _form in signed_in.bent.asked]


@pytest.mark.parametrize("token", ["", "not a token", "ä.ö.ü", "\x00", "eyJ." * 40_000])
def test_what_is_no_token_ends_nothing(signed_in: Site, token: str) -> None:
    answer = tell(signed_in, token)

    assert answer.status_code == 400
    assert WebSession.objects.count() == 1


@pytest.mark.parametrize(
    "claims",
    [{}, {"sid": ABSENT}, {"sub": ABSENT}, {"aud": ["portal"]}, {"x": {"y": 1}}],
    ids=["both", "person", "sign-in", "audiences", "members"],
)
def test_a_right_logout_token_ends_the_sign_in(signed_in: Site, claims: dict[str, Any]) -> None:
    bent(claims=claims)(signed_in.bent)

    answer = tell(signed_in, signed_in.bent.logout_token())

    assert answer.status_code == 200
    assert not WebSession.objects.exists()
    assert not signed_in.whoami()


@pytest.mark.parametrize("claims", [{"sub": "subject-2"}, {"sid": "session-2"}])
def test_a_logout_of_another_sign_in_leaves_this_one(
    signed_in: Site, claims: dict[str, Any]
) -> None:
    bent(claims=claims)(signed_in.bent)

    answer = tell(signed_in, signed_in.bent.logout_token())

    assert answer.status_code == 200
    assert WebSession.objects.count() == 1


def test_a_logout_token_is_heard_once(signed_in: Site) -> None:
    token = signed_in.bent.logout_token()
    tell(signed_in, token)
    signed_in.sign_in()

    answer = tell(signed_in, token)

    assert answer.status_code == 400
    assert WebSession.objects.count() == 1


def test_an_id_token_is_no_logout_token(signed_in: Site) -> None:
    answer = tell(signed_in, signed_in.bent.id_token({}, "access"))

    assert answer.status_code == 400
    assert WebSession.objects.count() == 1


def test_a_logout_token_is_no_id_token(signed_in: Site) -> None:
    signed_in.bent.tokens["id_token"] = signed_in.bent.logout_token()

    assert signed_in.sign_in().status_code == 403
