"""One click launches the default and the last session once more; the badge is for everybody."""

from __future__ import annotations

import html
from xml.etree import ElementTree

from django.test import Client

from accounts.models import User
from sessions import services
from sessions.models import Session
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import launched


def test_one_click_launches_the_default(browser: Client, alice: User, hub: FakeHub) -> None:
    page = browser.get("/sessions/").content.decode()
    assert 'action="/sessions/launch"' in page
    assert "Launch Physics 2026.11" in page
    assert 'action="/sessions/again"' not in page

    answer = browser.post("/sessions/launch")

    session = Session.objects.get(user=alice)
    assert answer["Location"] == f"/sessions/{session.pk}"
    assert (session.environment, session.choices) == ("physics", {"memory_gb": "2"})


def test_again_like_last_time_has_the_last_settings(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    launched(alice, environment="light")
    last = services.launch(alice, environment="physics", options={"memory_gb": "4"}, name="Fit")
    assert 'action="/sessions/again"' in browser.get("/").content.decode()

    browser.post("/sessions/again")

    again = Session.objects.filter(user=alice).exclude(pk=last.pk).order_by("-created_at").first()
    assert again is not None
    assert (again.name, again.choices) == ("Fit", {"memory_gb": "4"})


def test_without_a_last_one_again_is_not_found(browser: Client, hub: FakeHub) -> None:
    answer = browser.post("/sessions/again", follow=True)

    assert "You have not launched a session yet." in answer.content.decode()


def test_what_is_no_longer_offered_leads_to_the_form(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    session = launched(alice)
    Session.objects.filter(pk=session.pk).update(environment="gone")

    answer = browser.post("/sessions/again", follow=True)

    assert answer.redirect_chain[-1][0] == "/sessions/new"
    assert "There is no environment" in html.unescape(answer.content.decode())


def test_the_badge_is_for_everybody_and_may_be_kept(hub: FakeHub, db: None) -> None:
    answer = Client().get("/sessions/badge.svg")

    assert answer["Content-Type"] == "image/svg+xml"
    assert "public" in answer["Cache-Control"]
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not answer.cookies
    drawing = ElementTree.fromstring(answer.content.decode())
    assert drawing.get("aria-label") == "Open in Research Portal"
    assert b"style=" not in answer.content
    again = Client().get("/sessions/badge.svg", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_the_form_gives_the_badge_as_text(browser: Client, hub: FakeHub) -> None:
    page = browser.get("/sessions/new?environment=light&name=Look").content.decode()

    text = html.unescape(page)
    assert "[![Open in Research Portal](" in text
    assert "/sessions/badge.svg)](" in text
    assert "/sessions/new?environment=light&name=Look)" in text
    assert ".. image:: " in text
    assert '<a href="' in text
