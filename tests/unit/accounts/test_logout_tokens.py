"""The matrix of back-channel logout tokens: what ends a sign-in, and what must not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from accounts.models import AuditEvent, Identity, Result, User, WebSession
from tests.factories import sign_in
from tests.fakes.misbehaving.cases import Case, bent
from tests.fakes.misbehaving.provider import ABSENT
from tests.fakes.misbehaving.site import Site
from tests.fakes.misbehaving.tables import LOGOUT
from vre_portal.limits import LOGOUTS

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


def a_grant_of(user: User) -> None:
    get_access_token_model().objects.create(
        user=user, token="t", expires=timezone.now() + timedelta(hours=1)
    )


def test_with_the_last_browser_ends_what_the_portal_issued(signed_in: Site) -> None:
    a_grant_of(User.objects.get())

    tell(signed_in, signed_in.bent.logout_token())

    assert not get_access_token_model().objects.exists()


def test_another_browser_keeps_what_the_portal_issued(signed_in: Site) -> None:
    user = User.objects.get()
    a_grant_of(user)
    other = Identity.objects.create(user=user, issuer="https://home.example", subject="a")
    sign_in(Client(), user)
    WebSession.objects.filter(sid="").update(identity=other)

    tell(signed_in, signed_in.bent.logout_token())

    assert WebSession.objects.count() == 1
    assert get_access_token_model().objects.exists()


@pytest.mark.parametrize("claims", [{}, {"sub": ABSENT}], ids=["person", "sign-in"])
def test_the_log_says_who_was_signed_out(signed_in: Site, claims: dict[str, Any]) -> None:
    bent(claims=claims)(signed_in.bent)

    tell(signed_in, signed_in.bent.logout_token())

    event = AuditEvent.objects.get(action="sign-out.back-channel")
    assert event.actor == User.objects.get().pk
    assert (event.issuer, event.subject) == (signed_in.bent.issuer, "subject-1")
    assert event.detail == {"browsers": 1}


def test_the_log_has_what_was_refused(signed_in: Site) -> None:
    tell(signed_in, "not a token")

    event = AuditEvent.objects.get(action="sign-out.back-channel")
    assert event.result == Result.REFUSED
    assert event.issuer == signed_in.bent.issuer
    assert event.detail == {"reason": "unreadable"}


def test_refused_tokens_of_one_provider_slow_down_that_one_only(signed_in: Site) -> None:
    statuses = [tell(signed_in, "x").status_code for _ in range(2 * LOGOUTS.count)]

    assert 429 in statuses
    assert Client().get("/api/v1/me", headers={"Authorization": "Bearer x"}).status_code == 401
