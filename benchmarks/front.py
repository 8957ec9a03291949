"""A front before a backend that counts what it passes on, and that can be down."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import requests

TIMEOUT = 60
#: What belongs to one connection only.
HOP = {
    *("connection", "transfer-encoding", "content-length", "content-encoding", "server", "date"),
    *("keep-alive", "host"),
}


@dataclass(slots=True)
class Seen:
    """A request: when it came by the monotonic clock, and when its answer was through."""

    at: float
    method: str
    path: str
    until: float = float("inf")


class Front:
    """Passes every request on, and remembers when it came and for what.

    Connections are kept on both sides, as between portal and backend without it; streams are
    passed on piece by piece.
    """

    def __init__(self, upstream: str) -> None:
        self.seen: list[Seen] = []
        self.is_up = True
        self._upstream = upstream
        self._sessions = threading.local()
        self._address = ("127.0.0.1", 0)
        self._listen()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._address[1]}"

    def __enter__(self) -> Self:
        """Listen, which it does already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.down()

    def down(self) -> None:
        """Refuse connections from now on, and cut those that are open at their next request."""
        if self.is_up:
            self.is_up = False
            self._server.shutdown()
            self._server.server_close()

    def up(self) -> None:
        """Listen again at the same address."""
        self.is_up = True
        self._listen()

    def per_second(self, since: float, until: float) -> float:
        """Return the rate of requests between two times of the monotonic clock."""
        return sum(since <= one.at < until for one in list(self.seen)) / (until - since)

    def pass_on(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> requests.Response:
        """Send a request to the backend and return its answer as it comes."""
        if not hasattr(self._sessions, "own"):
            self._sessions.own = requests.Session()
            self._sessions.own.trust_env = False
        answer: requests.Response = self._sessions.own.request(
            method, self._upstream + path, headers=headers, data=body, timeout=TIMEOUT,
            allow_redirects=False, stream=True,
        )  # fmt: skip
        return answer

    def _listen(self) -> None:
        self._server = ThreadingHTTPServer(self._address, _handler(self))
        self._address = ("127.0.0.1", self._server.server_port)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()


def _begin(to: BaseHTTPRequestHandler, answer: requests.Response) -> None:
    to.send_response(answer.status_code)
    for name, value in answer.headers.items():
        if name.lower() not in HOP:
            to.send_header(name, value)


def _handler(front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"
        # Else a head and its body wait for each other's acknowledgement.
        disable_nagle_algorithm = True

        def _pass(self) -> None:
            if not front.is_up:
                self.close_connection = True
                return
            seen = Seen(time.monotonic(), self.command, self.path)
            front.seen.append(seen)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
            try:
                with front.pass_on(self.command, self.path, sent, body) as answer:
                    self._answer(answer)
            except OSError:  # one of the two has left in the middle
                self.close_connection = True
            finally:
                seen.until = time.monotonic()

        def _answer(self, answer: requests.Response) -> None:
            _begin(self, answer)
            if "chunked" in answer.headers.get("Transfer-Encoding", ""):
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in filter(None, answer.iter_content(65536)):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
                return
            whole = answer.content
            if answer.status_code not in {204, 304}:
                self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
