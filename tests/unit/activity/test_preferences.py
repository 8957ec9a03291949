"""Choosing what comes by mail, on the page and by the API."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import merging
from accounts.models import User
from activity.models import MailPreference
from activity.services import preferences
from activity.services.kinds import KINDS
from tests.unit.activity.conftest import with_mailbox

pytestmark = pytest.mark.django_db
PAGE = "/inbox/preferences/"
API = "/api/v1/notices/preferences"
KEYS = {kind.key for kind in KINDS}
USUAL = {
    "session-ending", "data-ending", "approvals", "verification", "campaign-done", "campaign-waits",
}  # fmt: skip


def wanted(user: User) -> set[str]:
    return set(preferences.wanted_by([user.pk])[user.pk])


def test_the_page_shows_the_address_and_the_usual_choice(reader: User, browser: Client) -> None:
    page = browser.get(PAGE)

    assert page.status_code == 200
    text = page.content.decode()
    assert "alice@example.org" in text
    assert set(page.context["form"].initial) == USUAL
    assert set(re.findall(r'name="([a-z-]+)"[^>]* checked', text)) & KEYS == USUAL


def test_what_is_ticked_comes_from_now_on_and_nothing_else(reader: User, browser: Client) -> None:
    answer = browser.post(PAGE, {"session-failed": "on", "approvals": "on"})

    assert answer.status_code == 302
    assert wanted(reader) == {"session-failed", "approvals"}


def test_all_can_be_switched_off(reader: User, browser: Client) -> None:
    browser.post(PAGE, {})

    assert wanted(reader) == set()


def test_who_has_no_verified_address_is_told_so(alice: User, browser: Client) -> None:
    with_mailbox(alice, "alice@example.org", verified=False)

    text = browser.get(PAGE).content.decode()

    assert "No mail goes to you" in text
    assert "alice@example.org" not in text


def test_nobody_elses_choice_changes(reader: User, bob: User, browser: Client) -> None:
    browser.post(PAGE, {})

    assert wanted(bob) == USUAL


def test_strangers_are_asked_to_sign_in(db: None) -> None:
    assert Client().get(PAGE).status_code == 302
    assert Client().get(API).status_code == 401


def test_the_api_tells_and_takes_the_choice(reader: User, browser: Client) -> None:
    told = browser.get(API).json()
    assert set(told["mail"]) == USUAL
    assert told["address"] == "alice@example.org"
    assert {kind["kind"] for kind in told["kinds"] if kind["usual"]} == USUAL

    answer = browser.put(API, {"mail": ["data-done"]}, content_type="application/json")

    assert answer.json()["mail"] == ["data-done"]
    assert wanted(reader) == {"data-done"}


def test_the_api_knows_no_other_kind(reader: User, browser: Client) -> None:
    answer = browser.put(API, {"mail": ["weather"]}, content_type="application/json")

    assert answer.status_code == 422
    assert "weather" in answer.json()["detail"]
    assert wanted(reader) == USUAL


def test_the_api_says_that_no_mail_can_go(alice: User, browser: Client) -> None:
    assert browser.get(API).json()["address"] is None

    answer = browser.put(API, {"mail": ["data-done"]}, content_type="application/json")

    assert answer.status_code == 409


def test_a_site_without_a_mail_server_does_not_offer_it(
    reader: User, browser: Client, no_mail: None
) -> None:
    page = browser.get(PAGE)

    assert page.status_code == 200
    assert "alice@example.org" not in page.content.decode()
    assert "mail" not in page.content.decode().partition("<main")[2].partition("</main")[0]
    assert browser.post(PAGE, {"approvals": "on"}).status_code == 404
    assert browser.get(API).status_code == 404


@pytest.mark.parametrize("site", ["with a mail server", "without one"])
def test_the_page_is_led_to(
    reader: User, browser: Client, site: str, request: pytest.FixtureRequest
) -> None:
    if site == "without one":
        request.getfixturevalue("no_mail")

    assert PAGE in browser.get("/accounts/").content.decode()
    assert PAGE in browser.get("/inbox/").content.decode()


def test_of_two_accounts_that_become_one_the_survivors_choice_holds(
    reader: User, bob: User
) -> None:
    with_mailbox(bob)
    preferences.choose(reader, ["approvals"])
    preferences.choose(bob, ["data-done"])

    merging.merge(survivor=reader, absorbed=bob)

    assert wanted(reader) == {"approvals"}
    assert MailPreference.objects.filter(user=bob).count() == 0
