"""The page and the API of deposits."""

from __future__ import annotations

from html import unescape
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import User
from reproducibility.models import Analysis, Deposit, DepositState
from tests.factories import sign_in
from tests.fakes.invenio import FakeInvenio
from tests.unit.reproducibility.deposits.conftest import finish, published

pytestmark = pytest.mark.django_db
PAGE = "/analyses/dimuon/deposit"
API = "/api/v1/analyses/dimuon/deposits"


def words(client: Client, address: str = PAGE) -> str:
    """Return what a page says."""
    return unescape(client.get(address).content.decode())


def test_without_a_token_the_page_says_where_it_is_pasted(
    browser: Client, dimuon: Analysis, repository: FakeInvenio
) -> None:
    page = words(browser)

    assert "Zenodo needs a token of yours" in page
    assert "/accounts/services/" in page


def test_the_checklist_takes_the_token(browser: Client, repository: FakeInvenio) -> None:
    form = words(browser, "/accounts/services/")
    answer = browser.post("/accounts/services/deposits/token/", {"token": "token-of-alice"})

    assert "Your token for Zenodo" in form
    assert answer.status_code == 302
    assert "your account" in words(browser, "/accounts/services/")


def test_a_token_that_zenodo_does_not_know_is_not_kept(
    browser: Client, alice: User, repository: FakeInvenio
) -> None:
    answer = browser.post("/accounts/services/deposits/token/", {"token": "wrong"})

    assert answer.status_code == 422
    assert not alice.stored_tokens.exists()


def test_one_button_prepares_the_draft(browser: Client, depositor: User, dimuon: Analysis) -> None:
    before = words(browser)

    answer = browser.post(PAGE)

    assert "Prepare the draft" in before
    assert answer.status_code == 302
    assert Deposit.objects.get().state == DepositState.PREPARING


def test_the_page_shows_what_the_draft_says_before_it_is_published(
    browser: Client, deposit: Deposit
) -> None:
    finish(deposit)

    page = words(browser)

    assert deposit.doi in page
    assert "Ada Lovelace (0000-0002-1825-0097)" in page
    assert "CITATION.cff" in page
    assert "I have looked at it" in page
    assert f"{deposit.service}/uploads/{deposit.remote_id}" in page


def test_publishing_without_the_tick_is_refused_in_words(
    browser: Client, deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)

    answer = browser.post(f"{PAGE}/{deposit.pk}/publish", follow=True)

    assert "a published record stays for good" in unescape(answer.content.decode())
    assert repository.published() == []


def test_with_the_tick_it_is_published_and_the_analysis_shows_its_doi(
    browser: Client, deposit: Deposit, bob: User
) -> None:
    finish(deposit)
    reader = Client()
    sign_in(reader, bob)

    browser.post(f"{PAGE}/{deposit.pk}/publish", {"confirmed": "yes"})
    finish(deposit)
    page = words(reader, "/analyses/dimuon")

    assert f"https://doi.org/{deposit.doi}" in page
    assert "Ada Lovelace" in page
    assert "/analyses/dimuon/deposit" not in page


def test_what_zenodo_does_not_accept_stands_at_its_field(
    browser: Client, dimuon: Analysis, depositor: User
) -> None:
    Analysis.objects.filter(pk=dimuon.pk).update(licence="Beerware")
    browser.post(PAGE)
    finish(Deposit.objects.get())

    page = words(browser)

    assert "What Zenodo does not accept" in page
    assert page.index("Licence") < page.index("Invalid value beerware.")
    assert "Prepare again" in page


def test_another_persons_page_is_refused(bob: User, deposit: Deposit) -> None:
    reader = Client()
    sign_in(reader, bob)

    assert reader.get(PAGE).status_code == 403
    assert reader.get(API).status_code == 403
    assert reader.post(f"{PAGE}/{deposit.pk}/discard").status_code == 403


def test_a_hostile_title_harms_nothing(browser: Client, dimuon: Analysis, depositor: User) -> None:
    Analysis.objects.filter(pk=dimuon.pk).update(title="<script>alert(1)</script>")
    browser.post(PAGE)
    finish(Deposit.objects.get())

    assert b"<script>alert(1)" not in browser.get(PAGE).content


def test_the_api_begins_tells_and_publishes(
    browser: Client, depositor: User, dimuon: Analysis
) -> None:
    begun = browser.post(API, {}, content_type="application/json")
    finish(Deposit.objects.get())
    item = browser.get(API).json()["items"][0]
    one = f"{API}/{quote(item['id'])}"
    refused = browser.post(f"{one}/publish", {"confirmed": False}, content_type="application/json")
    taken = browser.post(f"{one}/publish", {"confirmed": True}, content_type="application/json")
    finish(Deposit.objects.get())

    assert (begun.status_code, begun.json()["state"]) == (202, "preparing")
    assert (item["state"], item["version"]) == ("ready", 1)
    assert (refused.status_code, refused.json()["field"]) == (422, "confirmed")
    assert taken.status_code == 202
    assert browser.get(one).json()["state"] == "published"
    assert browser.delete(one).status_code == 409


def test_the_api_throws_a_draft_away(browser: Client, deposit: Deposit) -> None:
    finish(deposit)

    answer = browser.delete(f"{API}/{deposit.pk}")

    assert answer.status_code == 204
    assert browser.get(API).json()["items"] == []


def test_the_live_part_of_the_page_is_a_fragment(browser: Client, deposit: Deposit) -> None:
    answer = browser.get(f"{PAGE}?fragment=body")

    assert answer.status_code == 200
    assert b"<html" not in answer.content


def test_a_published_deposit_shows_how_to_cite_it(
    browser: Client, depositor: User, deposit: Deposit
) -> None:
    published(depositor, deposit)

    page = words(browser)

    assert "Dimuon spectrum (Version 1). Zenodo. https://doi.org/" in page
    assert "Throw away" not in page
