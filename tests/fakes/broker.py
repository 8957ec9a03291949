"""A broker in memory, on real HTTP: it lends and refuses what a session is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeBroker:
    """The portal's broker: answers for each audience in turn, the last answer for ever."""

    url: str = ""
    answers: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    lives: dict[str, float] = field(default_factory=dict)
    lent: dict[str, datetime] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    services: dict[str, str] = field(default_factory=dict)
    #: So many of the next answers break off before their end.
    breaks: int = 0

    def lend(self, token: str = "abc", *, audience: str = "rucio", seconds: float = 600) -> None:
        """Lend a token the next time."""
        expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        loan = {"access_token": token, "expires_at": expires_at, "account": "ann-x1y2z"}
        loan["service_url"] = self.services.get(audience, f"http://{audience}.example")
        self.answers.setdefault(audience, []).append((200, loan))

    def lend_numbered(self, audience: str, *, seconds: float) -> None:
        """Lend another token at each call from now on, with a life of so many seconds."""
        self.lives[audience] = seconds

    def valid(self, audience: str) -> set[str]:
        """Return the numbered tokens that live."""
        return {text for text, ends in self.lent.items() if ends > datetime.now(UTC)}

    def refuse(self, status: int, detail: str, *, audience: str = "rucio") -> None:
        """Refuse the next time."""
        answer = (status, {"title": "No", "detail": detail})
        self.answers.setdefault(audience, []).append(answer)

    def answer(self, authorization: str, audience: str) -> tuple[int, dict[str, Any]]:
        """Return the next answer."""
        self.asked.append((authorization, audience))
        if audience in self.lives:
            self.answers.pop(audience, None)
            number = f"{audience}-{len(self.lent)}"
            self.lend(number, audience=audience, seconds=self.lives[audience])
            self.lent[number] = datetime.now(UTC) + timedelta(seconds=self.lives[audience])
        waiting = self.answers.get(audience)
        if not waiting:
            return 422, {"title": "No", "detail": f"No token for {audience}."}
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def broker_running() -> Iterator[FakeBroker]:
    """A broker that listens."""
    fake = FakeBroker()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = fake.answer(self.headers["Authorization"], body["audience"])
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text[:-1] if fake.breaks else text)
            fake.breaks = max(0, fake.breaks - 1)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fake.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
