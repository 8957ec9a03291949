"""What a mail says: its page's address, why it comes, and never a token or anything to load."""

from __future__ import annotations

import re

import pytest
from django.core.mail import EmailMultiAlternatives

from accounts.models import User
from activity.services import sending
from tests.fakes.mail import Post
from tests.unit.activity.conftest import Tell
from vre_portal.config import get_config

pytestmark = pytest.mark.django_db
HOME = get_config().public_url


@pytest.fixture
def sent(tell: Tell, post: Post) -> object:
    """Send one event and return the message."""

    def send(**event: object) -> EmailMultiAlternatives:
        tell(**event)
        sending.send_due()
        message = post.taken[-1]
        assert isinstance(message, EmailMultiAlternatives)
        return message

    return send


def html_of(message: EmailMultiAlternatives) -> str:
    return str(message.alternatives[0][0])


def test_it_says_what_happened_and_leads_to_the_page(sent) -> None:  # type: ignore[no-untyped-def]
    message = sent(text="Your session ends at 14:00", url="/sessions/s-1")

    assert message.subject == "[Research Portal] Your session ends at 14:00"
    for text in (message.body, html_of(message)):
        assert "Hello Alice," in text
        assert "Your session ends at 14:00" in text
        assert f"{HOME}/sessions/s-1" in text
        assert f"{HOME}/inbox/preferences/" in text
        assert "A session is about to end" in text


def test_it_loads_nothing_and_runs_nothing(sent) -> None:  # type: ignore[no-untyped-def]
    html = html_of(sent())

    assert not re.search(r"<(img|link|script|iframe|object|form|input)|url\(|@import|src=", html)
    assert set(re.findall(r'href="(https?://[^/"]+)', html)) == {HOME}


def test_whatever_looks_like_a_token_is_hidden(sent) -> None:  # type: ignore[no-untyped-def]
    secret = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"

    message = sent(text=f"It failed with token={secret}", url=f"/sessions/s-1?token={secret}")

    assert secret not in message.message().as_string()
    assert secret not in message.body + html_of(message) + message.subject


def test_an_address_that_is_not_ours_is_not_in_it(sent) -> None:  # type: ignore[no-untyped-def]
    for url in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", ""):
        message = sent(url=url)

        assert "evil" not in message.body + html_of(message)
        assert "javascript" not in html_of(message)
        assert f"{HOME}/inbox/" in message.body


def test_markup_stays_text_and_lines_do_not_become_headers(sent) -> None:  # type: ignore[no-untyped-def]
    message = sent(text="<b>big</b>\r\nBcc: eve@example.org")

    assert "&lt;b&gt;big" in html_of(message)
    assert "<b>big</b> Bcc: eve@example.org" in message.body
    assert message.message()["Bcc"] is None


def test_a_long_text_has_a_short_subject(sent) -> None:  # type: ignore[no-untyped-def]
    message = sent(text="word " * 200)

    assert len(message.subject) < 150
    assert message.subject.endswith("…")
    assert ("word " * 200).strip() in message.body


def test_machines_are_told_that_a_machine_wrote_it(sent) -> None:  # type: ignore[no-untyped-def]
    headers = sent().message()

    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["List-Unsubscribe"] == f"<{HOME}/inbox/preferences/>"


def test_of_very_many_the_first_are_told_and_the_rest_counted(
    tell: Tell, post: Post, reader: User
) -> None:
    for number in range(25):
        tell(text=f"Copy {number} ends")

    sending.send_due()

    assert "[Research Portal] 25 notices" in post.taken[0].subject
    assert "Copy 19 ends" in post.taken[0].body
    assert "Copy 20 ends" not in post.taken[0].body
    assert "and 5 more, in your inbox" in post.taken[0].body
