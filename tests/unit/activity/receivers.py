"""A server of a person's own, on a real socket, which answers as it is told."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from accounts.models import User
from activity.models import Delivery, Webhook
from activity.services import deliveries, webhooks
from activity.services.kinds import KINDS

DAY = timedelta(days=1)
PAGE = "/inbox/preferences/"


class Receiver(ThreadingHTTPServer):
    """Keeps what it got; `answers` is the status of all, and `held` lets answers out."""

    answers = 204
    #: Else a closed server waits for answers that nobody wants any more.
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.came = threading.Condition()
        self.held = threading.Event()
        self.held.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=1"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.got]

    def arrived(self, count: int, *, seconds: float) -> bool:
        """Wait until so many have come, and tell whether they did."""
        with self.came:
            return self.came.wait_for(lambda: len(self.got) >= count, seconds)

    def is_signed(self, secret: str, number: int = -1) -> bool:
        """Check a signature as the documentation tells receivers to."""
        headers, body = self.got[number]
        signed = headers["X-VRE-Timestamp"].encode() + b"." + body
        wanted = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, headers["X-VRE-Signature"])


class _Hook(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.came:
            self.server.got.append((dict(self.headers), body))
            self.server.came.notify_all()
        self.server.held.wait(30)
        self.send_response(self.server.answers)
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.held.set()
            server.shutdown()
            thread.join()


def hook_of(user: User, url: str) -> Webhook:
    return webhooks.save(user, url=url, kinds=[kind.key for kind in KINDS]).row


def pass_by(passed: timedelta) -> None:
    """Let time pass: all that is written moves into the past."""
    for row in Delivery.objects.all():
        row.due_at -= passed
        row.created_at -= passed
        row.save()
    for webhook in Webhook.objects.exclude(failing_since=None):
        assert webhook.failing_since
        webhook.failing_since -= passed
        webhook.save()


def fail_for_a_day(tell: Callable[..., object]) -> None:
    tell()
    deliveries.send_due()
    pass_by(DAY + timedelta(minutes=1))
    tell()
    deliveries.send_due()
