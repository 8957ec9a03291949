"""The relying party: states and tabs, signing in anew, refreshed tokens, and what it asks again."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import id_tokens, oidc, providers, token_endpoint
from accounts.id_tokens import SignInRefused
from accounts.models import AuditEvent, Identity, PendingLink, User, WebSession
from accounts.roles import MFA
from tests.fakes.misbehaving.cases import HTML, Case, bent
from tests.fakes.misbehaving.keys import KEY, STRANGE_KEY, published
from tests.fakes.misbehaving.provider import Answer
from tests.fakes.misbehaving.site import Site, query_of
from tests.fakes.misbehaving.tables import REFRESHED

pytestmark = pytest.mark.django_db


def reason() -> str:
    """Return why the last sign-in was refused."""
    return str(AuditEvent.objects.filter(action="sign-in.refused")[0].detail["reason"])


def asked(site: Site, endpoint: str) -> int:
    return [name for name, _form in site.bent.asked].count(endpoint)


def test_a_state_belongs_to_the_provider_that_was_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {slug: site.configured(slug) for slug in ("bent", "other")}
    monkeypatch.setattr(providers, "registry", lambda: both)
    answer = site.answer_of(site.start())

    mixed_up = site.client.get(answer.replace("/bent/", "/other/"))

    assert mixed_up.status_code == 403
    assert reason() == "state"
    assert not asked(site, "token")


def test_a_state_belongs_to_the_browser_that_asked(site: Site) -> None:
    answer = site.answer_of(site.start())

    elsewhere = Client().get(answer)

    assert elsewhere.status_code == 403
    assert reason() == "state"
    assert not asked(site, "token")


def test_a_state_is_used_up_by_a_failure_too(site: Site) -> None:
    site.bent.claims["nonce"] = "other"
    answer = site.answer_of(site.start())
    site.client.get(answer)

    site.client.get(answer)

    assert reason() == "state"
    assert asked(site, "token") == 1


def test_a_state_does_not_live_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = site.answer_of(site.start())
    monkeypatch.setattr(oidc, "STATE_SECONDS", -1)

    late = site.client.get(answer)

    assert late.status_code == 403
    assert reason() == "state-age"


def test_a_browser_keeps_fifty_states_and_drops_the_oldest(site: Site) -> None:
    first = query_of(site.start())["state"]

    last = [query_of(site.start())["state"] for _ in range(50)][-1]

    kept = site.client.session["oidc_states"]
    assert len(kept) == 50
    assert first not in kept
    assert last in kept


def test_what_another_tab_begins_meanwhile_is_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, redeem, begun = site.answer_of(site.start()), token_endpoint.redeem, []

    def slowly(*args: Any, **kwargs: Any) -> Any:
        begun.append(site.start())
        return redeem(*args, **kwargs)

    monkeypatch.setattr(token_endpoint, "redeem", slowly)
    site.client.get(answer)

    second = site.client.get(site.answer_of(begun[0]))

    assert second["Location"] == "/data/"


def test_somebody_else_at_the_same_browser_ends_the_first_ones_session(site: Site) -> None:
    site.sign_in()
    first = site.client.session.session_key
    site.bent.person["sub"] = "subject-2"

    site.sign_in()

    assert site.whoami() == str(Identity.objects.get(subject="subject-2").user_id)
    assert not Session.objects.filter(session_key=first).exists()
    assert WebSession.objects.get().user_id == Identity.objects.get(subject="subject-2").user_id


@pytest.mark.parametrize("intent", ["reauth", "link"])
def test_signing_in_anew_asks_for_it(site: Site, intent: str) -> None:
    site.sign_in()

    sent = query_of(site.start(intent=intent))

    assert (sent["prompt"], sent["max_age"]) == ("login", "0")


@pytest.mark.parametrize("intent", ["reauth", "link"])
def test_nobody_can_sign_in_anew(site: Site, intent: str) -> None:
    answer = site.start(intent=intent)

    assert answer.status_code == 401
    assert not asked(site, "discovery")


def test_there_is_no_other_intent(site: Site) -> None:
    assert site.start(intent="become-root").status_code == 404


def test_signing_in_anew_renews_the_browser_under_another_key(site: Site) -> None:
    site.sign_in()
    person, key = site.whoami(), site.client.session.session_key
    long_ago = timezone.now() - timedelta(hours=1)
    WebSession.objects.update(auth_time=long_ago)

    answer = site.sign_in(intent="reauth", next="/accounts/")

    assert answer["Location"] == "/accounts/"
    assert site.whoami() == person
    row = WebSession.objects.get()
    assert row.auth_time > long_ago
    assert row.session_key == site.client.session.session_key != key
    assert not Session.objects.filter(session_key=key).exists()


def test_a_second_identity_waits_to_be_confirmed(site: Site) -> None:
    site.sign_in()
    person = site.whoami()
    site.bent.person["sub"] = "subject-2"

    answer = site.sign_in(intent="link")

    assert answer.status_code == 302
    assert site.whoami() == person
    assert str(PendingLink.objects.get(subject="subject-2").user_id) == person
    assert not Identity.objects.filter(subject="subject-2").exists()


def test_a_second_factor_is_asked_for_where_there_is_one(site: Site) -> None:
    site.bent.entry["mfa"] = True

    assert query_of(site.start(mfa="1"))["acr_values"] == MFA
    assert "acr_values" not in query_of(site.start())


def test_the_institution_goes_into_the_providers_own_parameter(site: Site) -> None:
    site.bent.entry["hint_parameter"] = "kc_idp_hint"

    sent = query_of(site.start(idp="https://idp.example.org/entity"))

    assert sent["kc_idp_hint"] == "https://idp.example.org/entity"


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_callback_is_only_read(site: Site, method: str) -> None:
    answer = getattr(site.client, method)(site.answer_of(site.start()))

    assert answer.status_code == 405


def test_a_sign_in_begins_with_post_only(site: Site) -> None:
    assert site.client.get("/accounts/login/bent/").status_code == 405


def test_a_refusal_names_whom_it_was_proven_to_be(site: Site) -> None:
    site.sign_in()
    User.objects.update(is_active=False)

    site.sign_in()

    event = AuditEvent.objects.filter(action="sign-in.refused")[0]
    assert (event.issuer, event.subject) == (site.bent.issuer, "subject-1")


def test_forged_tokens_make_the_portal_ask_for_keys_once_only(site: Site) -> None:
    site.bent.header["kid"] = "unknown"

    for _ in range(4):
        assert site.sign_in().status_code == 403

    assert asked(site, "jwks") == 2


def test_a_rotated_key_is_found_although_keys_were_read_just_now(site: Site) -> None:
    site.sign_in()
    site.bent.key, site.bent.keys = STRANGE_KEY, [published(STRANGE_KEY)]

    assert site.sign_in().status_code == 302


def test_keys_that_can_not_be_read_again_do_not_spoil_those_that_were(site: Site) -> None:
    site.sign_in()
    site.bent.instead["jwks"] = HTML
    site.bent.key = STRANGE_KEY
    assert site.sign_in().status_code == 403
    site.bent.key = KEY

    assert site.sign_in().status_code == 302


def test_a_provider_that_is_down_is_not_asked_by_each_who_waits(site: Site) -> None:
    site.bent.instead["discovery"] = Answer(503)

    for _ in range(3):
        assert site.start().status_code == 403

    assert asked(site, "discovery") == 1


def test_markup_in_a_name_stays_text(site: Site) -> None:
    site.bent.person["name"] = "<img src=x onerror=alert(1)>"
    site.sign_in()

    page = site.client.get("/accounts/terms/").content.decode()

    assert "<img src=x" not in page


def test_a_callback_of_a_provider_that_was_removed_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = site.answer_of(site.start())
    monkeypatch.setattr(providers, "registry", dict)

    assert site.client.get(answer).status_code == 403


def test_odd_bytes_in_the_callback_are_refused(site: Site) -> None:
    for state in ("\x00", "\ud800".encode("utf-8", "surrogatepass"), "s" * 100_000):
        query = urlencode({"state": state, "code": "c"})

        assert site.client.get(f"/accounts/callback/bent/?{query}").status_code == 403


@pytest.mark.parametrize("case", REFRESHED, ids=lambda case: case.id)
def test_a_refreshed_token_stays_the_same_persons(site: Site, case: Case) -> None:
    provider = site.configured()
    site.bent.given.append("refresh-0")
    case.bend(site.bent)
    tokens = token_endpoint.refresh(provider, "refresh-0")

    with pytest.raises(SignInRefused) as refused:
        id_tokens.check_refreshed(provider, tokens.id_token, subject="subject-1")

    assert refused.value.reason == case.reason


def test_a_refreshed_token_needs_no_nonce_and_no_new_time(site: Site) -> None:
    site.bent.given.append("refresh-0")
    bent(claims={"auth_time": int(time.time()) - 90_000})(site.bent)
    tokens = token_endpoint.refresh(site.configured(), "refresh-0")

    claims = id_tokens.check_refreshed(site.configured(), tokens.id_token, subject="subject-1")

    assert claims["sub"] == "subject-1"
