"""Notices reach the demo's real SMTP server, which keeps them as files; later where it is down."""

from __future__ import annotations

import smtplib
import socket
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from django.test import override_settings

from accounts.models import User
from activity.models import Mail
from activity.services import record, sending
from demo.mail import component
from demo.process import wait_until
from demo.stack import REPOSITORY, Stack
from tests.factories import make_identity
from tests.signin import running_stack

pytestmark = pytest.mark.django_db
SMTP = "django.core.mail.backends.smtp.EmailBackend"
PASSWORD = "of-the-test"
PATIENCE = 20.0


@pytest.fixture
def reader(alice: User) -> User:
    """Somebody with a verified address of her own."""
    identity = make_identity(alice, issuer="https://escape.test/")
    identity.email, identity.email_verified = f"{alice.pk}@example.org", True
    identity.save()
    return alice


@pytest.fixture
def stack() -> Stack:
    return running_stack()


def tell(user: User) -> None:
    record(
        user_id=user.pk, verb="session.ending", subject=("session", "s-1"),
        text="Séance “Muons” ends in 15 minutes", url="/sessions/s-1",
    )  # fmt: skip


def kept(folder: Path, address: str) -> list[EmailMessage]:
    """Return the messages that the server has kept for an address."""
    read = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in folder.glob("*.eml")
    ]
    return [mail for mail in read if mail["X-Envelope-To"] == address]


def test_a_notice_arrives_whole(reader: User, stack: Stack) -> None:
    tell(reader)

    with override_settings(EMAIL_BACKEND=SMTP):
        assert sending.send_due() == 1

    (mail,) = kept(component.messages(stack), f"{reader.pk}@example.org")
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert mail["Subject"].strip() == "[Research Portal] Séance “Muons” ends in 15 minutes"
    assert mail["From"] == component.SENDER
    assert f"{settings.CONFIG.public_url}/sessions/s-1" in plain.get_content()
    assert "Séance “Muons” ends in 15 minutes" in html.get_content()
    assert mail["Message-ID"].startswith(f"<{Mail.objects.get().message}@")


def test_the_server_takes_nothing_without_the_password(stack: Stack) -> None:
    with smtplib.SMTP("127.0.0.1", stack.port_of("mail"), timeout=10) as line:
        line.ehlo()
        refused = line.docmd("MAIL", "FROM:<eve@example.org>")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            line.login(component.USER, "wrong")

    assert refused[0] == 530


@pytest.fixture
def later(stack: Stack, tmp_path: Path) -> Iterator[Later]:
    """A mail server of the demo's kind that is not up yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Later(stack, port, tmp_path)
    yield server
    server.stop()


class Later:
    """It starts when it is told to."""

    def __init__(self, stack: Stack, port: int, folder: Path) -> None:
        self.port, self.folder = port, folder / "messages"
        self._python = str(stack.python("mail"))
        self._file = folder / "configuration.json"
        self._file.write_text(
            component.configuration(port=port, folder=self.folder, password=PASSWORD)
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        command = [self._python, "-m", "demo.mail.server", str(self._file)]
        self._process = subprocess.Popen(command, env={"PYTHONPATH": str(REPOSITORY)})
        assert wait_until(self._is_up, PATIENCE)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(timeout=PATIENCE) == 0

    def _is_up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def test_while_the_server_is_down_mails_wait_and_then_arrive_once(
    reader: User, later: Later
) -> None:
    tell(reader)
    there = {
        "EMAIL_BACKEND": SMTP, "EMAIL_PORT": later.port,
        "EMAIL_HOST_USER": component.USER, "EMAIL_HOST_PASSWORD": PASSWORD,
    }  # fmt: skip
    with override_settings(**there):
        assert sending.send_due() == 0
        assert Mail.objects.get().state == "waiting"
        later.start()
        Mail.objects.update(due_at=F("due_at") - timedelta(minutes=1))

        assert sending.send_due() == 1
        assert sending.send_due() == 0

    assert len(kept(later.folder, f"{reader.pk}@example.org")) == 1
    assert Mail.objects.get().state == "sent"
