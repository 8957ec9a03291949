"""A mail server in memory: it keeps what it takes, and fails as a real one does when told to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

BACKEND = "tests.fakes.mail.FakeServer"


class Post:
    """What the server holds; `failures` are raised one after the other, before it takes more."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.failures: list[Exception] = []
        self.down: Exception | None = None
        self.opened = 0

    def fail_on(self, *failures: Exception) -> None:
        """Answer the next messages with these."""
        self.failures += failures


post = Post()


class FakeServer(BaseEmailBackend):
    """Django's way to it."""

    def open(self) -> bool:
        """Connect."""
        post.opened += 1
        if post.down is not None:
            raise post.down
        return True

    def send_messages(self, email_messages: Iterable[Any]) -> int:
        """Take messages, or fail."""
        messages = list(email_messages)
        if post.failures:
            raise post.failures.pop(0)
        post.taken += messages
        return len(messages)
