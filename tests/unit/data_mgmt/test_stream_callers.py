"""Who may read a stream: by a session or by a token, at the start and while it runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from accounts import api_tokens, gate, web_sessions
from accounts.models import User, WebSession
from tests.factories import make_user, sign_in
from tests.fakes.data import FakeDataBackend
from tests.streams import NDJSON, SEARCH, cookie_of, cookies_of, scope_of
from vre_portal.errors import (
    Forbidden,
    InvalidRequest,
    PortalError,
    SignInRequired,
    TooManyRequests,
    UpstreamUnavailable,
)
from vre_portal.limits import API, REFUSED
from vre_portal.logs import client_address
from vre_portal.streaming import Prepared, Wanted, prepare_stream, wanted_of

pytestmark = pytest.mark.django_db


def wanted(query: str = SEARCH[1], **headers: str) -> Wanted:
    told = {"host": "testserver", "accept": NDJSON, **headers}
    made = wanted_of(scope_of(SEARCH[0], query, told))
    assert made is not None
    return made


def by_session(client: Client) -> Prepared:
    return prepare_stream(wanted(cookie=cookie_of(client)))


def by_token(secret: str) -> Prepared:
    return prepare_stream(wanted(authorization=f"Bearer {secret}"))


def used_up(use: Callable[[], object], count: int) -> None:
    """Do it until it is refused; a window may end in the midst."""
    with pytest.raises(TooManyRequests):
        any(use() for _ in range(2 * count + 2))


def personal(user: User, *scopes: str) -> str:
    return api_tokens.make(user, name="laptop", scopes=scopes or ["read"], days=7).secret


def of_a_satellite(user: User, scope: str = "openid read") -> str:
    client = get_application_model().objects.create(
        client_id="other", client_type="public", authorization_grant_type="authorization-code"
    )
    in_an_hour = timezone.now() + timedelta(hours=1)
    get_access_token_model().objects.create(
        user=user, application=client, token="satellite-token", expires=in_an_hour, scope=scope
    )
    return "satellite-token"


@pytest.mark.parametrize("query", ["scope=cms%00", "scope=\xff", "&".join(["a=b"] * 1001)])
def test_a_question_that_django_refuses_is_left_to_it(query: str) -> None:
    assert wanted_of(scope_of(SEARCH[0], query, {"host": "testserver", "accept": NDJSON})) is None


def test_plain_http_is_left_for_django_to_redirect() -> None:
    with override_settings(SECURE_SSL_REDIRECT=True):
        told = {"host": "testserver", "accept": NDJSON}

        assert wanted_of(scope_of(*SEARCH, told)) is None
        assert wanted_of({**scope_of(*SEARCH, told), "scheme": "https"}) is not None


@pytest.mark.parametrize("cookies", ["", "vre_session=forged", "=; ;;,"])
def test_strangers_are_asked_to_sign_in(data_backend: FakeDataBackend, cookies: str) -> None:
    with pytest.raises(SignInRequired):
        prepare_stream(wanted(cookie=cookies))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"roles": []}, gate.MembershipRequired),
        ({"delete_after": timezone.now()}, gate.Leaving),
        ({"is_active": False}, SignInRequired),
    ],
    ids=["no role", "leaving", "suspended"],
)
def test_who_may_not_act_gets_nothing_by_cookie_or_token(
    alice: User, client: Client, change: dict[str, object], refusal: type[PortalError]
) -> None:
    sign_in(client, alice)
    secret = personal(alice)
    running = [by_session(client), by_token(secret)]

    User.objects.filter(pk=alice.pk).update(**change)

    with pytest.raises(refusal):
        by_session(client)
    with pytest.raises(refusal):
        by_token(secret)
    for stream in running:
        with pytest.raises(PortalError) as cut:
            stream.ask_again()
        assert cut.value.status in {401, 403}


def test_who_has_not_accepted_the_terms_gets_nothing(data_backend: FakeDataBackend) -> None:
    cookies = cookies_of(make_user("guest", accepted=False))

    with pytest.raises(gate.TermsRequired):
        prepare_stream(wanted(cookie=cookies))


@pytest.mark.parametrize(
    ("column", "limit"),
    [("last_seen_at", web_sessions.idle_limit), ("started_at", web_sessions.whole_limit)],
)
def test_a_browser_past_its_limits_gets_nothing_and_loses_what_runs(
    alice: User, client: Client, column: str, limit: Callable[[], timedelta]
) -> None:
    session = sign_in(client, alice)
    running = by_session(client)
    cache.clear()

    WebSession.objects.filter(pk=session.pk).update(**{column: timezone.now() - 1.01 * limit()})

    with pytest.raises(SignInRequired):
        running.ask_again()
    with pytest.raises(SignInRequired):
        by_session(client)
    assert not Session.objects.exists()


def test_a_stream_shows_that_the_browser_is_there(alice: User, client: Client) -> None:
    session = sign_in(client, alice)
    before = timezone.now() - timedelta(minutes=20)
    WebSession.objects.filter(pk=session.pk).update(last_seen_at=before)

    by_session(client)

    session.refresh_from_db()
    assert session.last_seen_at > before


def test_a_browser_that_is_signed_out_loses_what_runs_and_the_other_keeps_it(
    alice: User, client: Client
) -> None:
    other = Client()
    ended = sign_in(client, alice)
    sign_in(other, alice)
    here, there = by_session(client), by_session(other)

    web_sessions.end([ended])

    with pytest.raises(SignInRequired):
        here.ask_again()
    there.ask_again()


@pytest.mark.parametrize("make", [personal, of_a_satellite])
def test_a_token_reads_as_its_owner(alice: User, make: Callable[[User], str]) -> None:
    prepared = by_token(make(alice))

    assert prepared.rows.credential is not None
    assert prepared.rows.credential.account == alice.handle
    prepared.ask_again()


def test_a_token_for_data_alone_reads_too(alice: User) -> None:
    assert by_token(personal(alice, "data")).rows.source is not None


@pytest.mark.parametrize(
    "make", [lambda user: personal(user, "sessions"), lambda user: of_a_satellite(user, "openid")]
)
def test_a_token_without_the_scope_reads_nothing(alice: User, make: Callable[[User], str]) -> None:
    with pytest.raises(Forbidden, match="scope read"):
        by_token(make(alice))


def test_a_revoked_token_loses_what_runs(alice: User) -> None:
    running = by_token(personal(alice))

    api_tokens.revoke_all(alice)

    with pytest.raises(SignInRequired):
        running.ask_again()


def test_a_wrong_token_is_refused_though_the_cookie_is_good(alice: User) -> None:
    with pytest.raises(SignInRequired):
        prepare_stream(wanted(cookie=cookies_of(alice), authorization="Bearer vre_wrong"))


def test_wrong_tokens_are_counted_by_address(alice: User) -> None:
    client_address.set("192.0.2.7")
    refused: list[int] = []

    for _ in range(2 * REFUSED.count + 2):
        with pytest.raises(PortalError) as told:
            by_token("vre_wrong")
        refused.append(told.value.status)

    client_address.set("")
    assert set(refused) == {401, 429}


def test_calls_with_a_token_are_counted_and_a_stream_that_runs_is_none(alice: User) -> None:
    secret = personal(alice)
    running = by_token(secret)
    used_up(lambda: API.use(alice.pk), API.count)

    running.ask_again()

    used_up(lambda: not by_token(secret), API.count)


def test_nobody_waits_for_a_rucio_that_is_known_to_be_down(alice: User) -> None:
    cache.set("backend:rucio", {"up": False, "since": None})

    with pytest.raises(UpstreamUnavailable):
        prepare_stream(wanted(cookie=cookies_of(alice)))


def test_a_search_in_metadata_does_not_stream(alice: User) -> None:
    with pytest.raises(InvalidRequest, match="pages"):
        prepare_stream(wanted("scope=cms&filter=a=1", cookie=cookies_of(alice)))
