"""The mail server's address: what it may be, and that a wrong one is told without its password."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vre_portal.config import Config, get_config
from vre_portal.mail_server import MailServer, is_mailbox, mail_server

GOOD = {
    "smtp://127.0.0.1": MailServer("smtp", "127.0.0.1", 25),
    "smtps://mail.example": MailServer("smtps", "mail.example", 465),
    "smtp+starttls://me:p%40ss@mail.example": MailServer(
        "smtp+starttls", "mail.example", 587, "me", "p@ss"
    ),
    "smtp+starttls://me:word@mail.example:2525": MailServer(
        "smtp+starttls", "mail.example", 2525, "me", "word"
    ),
}


def with_changes(**changes: object) -> Config:
    return Config(**{**get_config().model_dump(), **changes})


@pytest.mark.parametrize("url", GOOD)
def test_an_address_says_where_and_how(url: str) -> None:
    assert mail_server(url) == GOOD[url]


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "https://mail.example",
        "smtp://",
        "smtp://mail.example:port",
        "smtp://mail.example:99999",
        "smtps://me@mail.example",
        "smtps://mail.example/folder",
        "smtps://mail.example?tls=no",
    ],
)
def test_a_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        mail_server(url)


def test_a_fault_hides_the_password() -> None:
    with pytest.raises(ValidationError) as fault:
        with_changes(mail_url="smtp+tls://me:hunter2@mail.example", mail_from="a@b.example")

    assert "mail_url" in str(fault.value)
    assert "hunter2" not in str(fault.value)
    assert "hunter2" not in repr(mail_server("smtps://me:hunter2@mail.example"))


def test_a_server_needs_a_sender() -> None:
    with pytest.raises(ValidationError, match="VRE_MAIL_FROM"):
        with_changes(mail_url="smtps://mail.example", mail_from="")


def test_without_a_server_none_is_needed() -> None:
    assert with_changes(mail_url="", mail_from="").mail_server is None


@pytest.mark.parametrize("text", ["a@b.example", "Portal <a@b.example>"])
def test_a_sender_is_one_mailbox(text: str) -> None:
    assert is_mailbox(text)


@pytest.mark.parametrize("text", ["", "Portal", "a@", "@b", "a@b, c@d", "a@b\r\nBcc: c@d"])
def test_anything_else_is_none(text: str) -> None:
    assert not is_mailbox(text)
