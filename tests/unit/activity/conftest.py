"""People with a mailbox, and a mail server that does as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import override_settings

from accounts.models import Identity, User
from activity.models import Event, Webhook
from activity.services import record
from tests.factories import make_identity
from tests.fakes import mail
from tests.unit.activity.receivers import Receiver, hook_of, receiving
from vre_portal.config import Config, get_config

Tell = Callable[..., Event]
ISSUER = "https://escape.test/"


def with_mailbox(user: User, address: str = "", *, verified: bool = True) -> Identity:
    """Give a person an identity with an address."""
    address = address or f"{user.handle}@example.org"
    identity = make_identity(user, issuer=ISSUER, subject=address)
    identity.email = address
    identity.email_verified = verified
    identity.save()
    return identity


@pytest.fixture
def post() -> Iterator[mail.Post]:
    """The mail server, empty."""
    mail.post = mail.Post()
    with override_settings(EMAIL_BACKEND=mail.BACKEND):
        yield mail.post


@pytest.fixture
def reader(alice: User) -> User:
    """Alice, whose institute has verified her address."""
    with_mailbox(alice, "alice@example.org")
    return alice


@pytest.fixture
def tell(reader: User) -> Tell:
    """Record an event of Alice's, by default one that goes out by mail unless she says no."""

    def event(
        verb: str = "session.ending", text: str = "Your session ends at 14:00", **more: object
    ) -> Event:
        told = {"subject": ("session", "s-1"), "url": "/sessions/s-1", "user_id": reader.pk, **more}
        return record(verb=verb, text=text, **told)  # type: ignore[arg-type]

    return event


@pytest.fixture
def no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site without a mail server."""
    monkeypatch.setattr(Config, "mail_server", None)
    assert get_config().mail_server is None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server of a person's own."""
    with receiving() as server:
        yield server


@pytest.fixture
def hook(reader: User, receiver: Receiver) -> Webhook:
    """Alice's webhook, which takes every kind."""
    return hook_of(reader, receiver.url)
