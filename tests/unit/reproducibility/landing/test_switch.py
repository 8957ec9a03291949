"""The owner's switch: who opens a public page, when it closes, and what the audit log keeps."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from reproducibility.models import Analysis, Proof
from reproducibility.services.captures import publishing
from reproducibility.services.landing.addresses import page_for_readers
from reproducibility.templatetags.verdicts import badge_snippets
from tests.factories import sign_in

pytestmark = pytest.mark.django_db
SWITCH, API = "/analyses/dimuon/landing", "/api/v1/analyses/dimuon/landing"
PUBLIC = "/public/analyses/dimuon"


@pytest.fixture
def dimuon(alice: User, analysis: Analysis) -> Analysis:
    """The published analysis, which is Alice's; its public page is closed."""
    analysis.owner = alice
    analysis.save()
    analysis.versions.update(proof=Proof.PASSED)
    return analysis


def actions() -> list[str]:
    """Return what the audit log says of public pages."""
    events = AuditEvent.objects.filter(action__startswith="analysis.landing-").order_by("at")
    return list(events.values_list("action", flat=True))


def test_a_public_page_is_closed_until_its_owner_opens_it(
    browser: Client, dimuon: Analysis
) -> None:
    before = Client().get(PUBLIC).status_code

    browser.post(SWITCH, {"open": "yes"})

    assert (before, Client().get(PUBLIC).status_code) == (404, 200)
    assert actions() == ["analysis.landing-opened"]


def test_the_owner_is_told_what_strangers_will_see(browser: Client, dimuon: Analysis) -> None:
    page = unescape(browser.get("/analyses/dimuon").content.decode())

    assert "every search engine reads title, summary, authors with ORCID" in page
    assert 'data-confirm="Open a public page?' in page


def test_its_owner_closes_it(browser: Client, dimuon: Analysis) -> None:
    browser.post(SWITCH, {"open": "yes"})
    browser.post(SWITCH, {"open": "no"})

    assert Client().get(PUBLIC).status_code == 404
    assert actions() == ["analysis.landing-opened", "analysis.landing-closed"]


def test_doing_it_twice_is_one_change(browser: Client, dimuon: Analysis) -> None:
    browser.post(SWITCH, {"open": "yes"})
    browser.post(SWITCH, {"open": "yes"})

    assert len(actions()) == 1


def test_nobody_else_opens_it(bob: User, dimuon: Analysis) -> None:
    reader = Client()
    sign_in(reader, bob)

    page = reader.get("/analyses/dimuon").content.decode()
    answer = reader.post(SWITCH, {"open": "yes"}, follow=True)
    by_api = reader.patch(API, {"open": True}, content_type="application/json")

    assert SWITCH not in page
    assert answer.status_code == by_api.status_code == 403
    assert not Analysis.objects.get().landing


def test_others_find_the_way_to_an_open_page(bob: User, dimuon: Analysis) -> None:
    reader = Client()
    sign_in(reader, bob)
    before = reader.get("/analyses/dimuon").content.decode()
    Analysis.objects.update(landing=True)

    page = reader.get("/analyses/dimuon").content.decode()

    assert PUBLIC not in before
    assert f'href="{PUBLIC}"' in page


def test_an_analysis_that_is_withdrawn_is_closed_and_stays_so(
    alice: User, browser: Client, dimuon: Analysis
) -> None:
    browser.post(SWITCH, {"open": "yes"})

    publishing.withdraw(alice, "dimuon")
    publishing.publish(alice, "dimuon")

    assert Client().get(PUBLIC).status_code == 404
    assert actions() == ["analysis.landing-opened", "analysis.landing-closed"]


def test_what_is_not_published_has_no_public_page(browser: Client, dimuon: Analysis) -> None:
    Analysis.objects.update(published=False)

    answer = browser.patch(API, {"open": True}, content_type="application/json")
    browser.post(SWITCH, {"open": "yes"})

    assert answer.status_code == 409
    assert "Publish it first" in answer.json()["detail"]
    assert not Analysis.objects.get().landing


def test_the_api_opens_tells_and_closes(browser: Client, dimuon: Analysis) -> None:
    before = browser.get(API).json()
    opened = browser.patch(API, {"open": True}, content_type="application/json").json()
    wrong = browser.patch(API, {}, content_type="application/json")
    closed = browser.patch(API, {"open": False}, content_type="application/json").json()

    assert [each["open"] for each in (before, opened, closed)] == [False, True, False]
    assert opened["url"].endswith(PUBLIC)
    assert wrong.status_code == 422


def test_badges_lead_to_the_public_page_where_it_is_open(dimuon: Analysis) -> None:
    before = [each.text for each in badge_snippets(dimuon)]
    dimuon.landing = True
    after = [each.text for each in badge_snippets(dimuon)]

    assert not any(PUBLIC in each for each in before)
    assert all(f"{PUBLIC})" in each or f'{PUBLIC}"' in each for each in after)


def test_readers_are_led_to_the_public_page_where_it_is_open(dimuon: Analysis) -> None:
    before = page_for_readers(dimuon)
    dimuon.landing = True

    after = page_for_readers(dimuon)

    assert before.endswith("/analyses/dimuon")
    assert PUBLIC not in before
    assert after.endswith(PUBLIC)
