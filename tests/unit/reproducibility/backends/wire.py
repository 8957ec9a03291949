"""A REANA on real HTTP that answers what a test wrote for it, and remembers what was sent."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

BUNDLES = "workflow-specification-bundles-v1"


@dataclass(frozen=True)
class Answer:
    """What is answered; text and bytes as they are, everything else as JSON."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: So many bytes less than promised are sent.
    short: int = 0

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Asked:
    """What was sent."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    def parts(self) -> dict[str, bytes]:
        """Return the parts of a form with files."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        return {
            str(part.get_param("name", header="content-disposition")): bytes(
                part.get_payload(decode=True)
            )
            for part in message_from_bytes(head + self.body).get_payload()
            if not isinstance(part, str)
        }


class Wire:
    """The server's state: answers by method and path, the newest that fits; and what was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[tuple[str, str], list[Answer]] = {}
        self.capabilities: list[str] = []
        #: Seconds for which an upload is not read, after its first bytes.
        self.pause = 0.0

    def answers_with(self, method: str, path: str, *answers: Answer) -> None:
        """Answer so; of several each once, the last for good."""
        self.answers[method, path] = list(answers)

    def calls(self, path: str = "") -> list[Asked]:
        """Return what was asked, but for pings."""
        found = [asked for asked in self.asked if asked.path != "/api/ping"]
        return [asked for asked in found if not path or asked.path == f"/api{path}"]

    def only(self) -> Asked:
        """Return the one call that was made."""
        (asked,) = self.calls()
        return asked

    def answer(self, method: str, path: str) -> Answer:
        """Return what is to be answered."""
        short = path.removeprefix("/api")
        waiting = self.answers.get((method, short))
        if waiting:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if short == "/ping":
            told = {"message": "OK", "status": "200", "reana_server_version": "0.95.0"}
            return Answer({**told, "api_capabilities": self.capabilities})
        return Answer({"message": "404 Not Found: The requested URL was not found."}, 404)


@contextmanager
def serve(wire: Wire) -> Iterator[str]:
    """Serve on a free port and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One packet an answer: the pause between two is what tests would wait for.
        wbufsize = 1 << 16

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self._handle
            raise AttributeError(name)

        def _handle(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, 1))
            if wire.pause and length > 1:
                time.sleep(wire.pause)
            body += self.rfile.read(length - len(body))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            wire.asked.append(Asked(self.command, unquote(parts.path), query, headers, body))
            answer = wire.answer(self.command, unquote(parts.path))
            content = answer.content()
            self.send_response(answer.status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(content)),
                **answer.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: len(content) - answer.short])
            self.close_connection = self.close_connection or bool(answer.short)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, address: Any) -> None:
            """Say what went wrong here; that a client leaves in the middle is its own affair."""
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, address)

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
