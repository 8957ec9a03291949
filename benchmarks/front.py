"""A front before Rucio that counts what it passes on."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import requests

TIMEOUT = 60
#: What belongs to one connection only.
HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "server", "date"}


class Front:
    """Passes every request on, and remembers when it came and for what."""

    def __init__(self, upstream: str) -> None:
        self.seen: list[tuple[float, str]] = []
        self._upstream = upstream
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def per_second(self, since: float, until: float) -> float:
        """Return the rate of requests between two times of the monotonic clock."""
        return sum(since <= at < until for at, _path in list(self.seen)) / (until - since)

    def pass_on(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> requests.Response:
        """Send a request to Rucio and return its answer as it comes."""
        self.seen.append((time.monotonic(), path))
        return requests.request(
            method, self._upstream + path, headers=headers, data=body, timeout=TIMEOUT,
            allow_redirects=False, stream=True,
        )  # fmt: skip


def _handler(front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request."""

        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = {k: v for k, v in self.headers.items() if k.lower() not in {*HOP, "host"}}
            answer = front.pass_on(self.command, self.path, sent, body)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            for chunk in answer.iter_content(65536):
                self.wfile.write(chunk)
            self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
