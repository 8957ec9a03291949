"""A broker in memory, on real HTTP, and the variables of a session."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


@dataclass
class FakeBroker:
    """The portal's broker: answers for each audience in turn, the last answer for ever."""

    url: str = ""
    answers: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def lend(self, token: str = "abc", *, audience: str = "rucio", seconds: float = 600) -> None:
        """Lend a token the next time."""
        expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        loan = {"access_token": token, "expires_at": expires_at, "account": "ann-x1y2z"}
        loan["service_url"] = f"http://{audience}.example"
        self.answers.setdefault(audience, []).append((200, loan))

    def refuse(self, status: int, detail: str, *, audience: str = "rucio") -> None:
        """Refuse the next time."""
        answer = (status, {"title": "No", "detail": detail})
        self.answers.setdefault(audience, []).append(answer)

    def answer(self, authorization: str, audience: str) -> tuple[int, dict[str, Any]]:
        """Return the next answer."""
        self.asked.append((authorization, audience))
        waiting = self.answers.get(audience)
        if not waiting:
            return 422, {"title": "No", "detail": f"No token for {audience}."}
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@pytest.fixture
def portal() -> Iterator[FakeBroker]:
    fake = FakeBroker()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = fake.answer(self.headers["Authorization"], body["audience"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fake.url = f"http://127.0.0.1:{server.server_port}/"
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def variables(portal: FakeBroker, tmp_path: Path) -> dict[str, str]:
    own = tmp_path / "s"
    return {
        "VRE_BROKER_URL": portal.url,
        "JUPYTERHUB_API_TOKEN": "hub-token",
        "JUPYTERHUB_USER": "ann-x1y2z",
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "VRE_AUDIENCES": "rucio",
        "VRE_SESSION_DIR": str(own),
        "VRE_TOKEN_DIR": str(own / "tokens"),
        "RUCIO_CONFIG": str(own / "rucio.cfg"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "VRE_KERNEL_TRANSPORT": "ipc",
    }
