"""One loopback server for all misbehaving providers, each below a path of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.misbehaving.provider import Answer, MisbehavingProvider


class Host:
    """Knows the providers of a server; each new one has an issuer that nobody has cached."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.providers: dict[str, MisbehavingProvider] = {}
        self._numbers = count(1)

    def new(self, *, slash: bool = True) -> MisbehavingProvider:
        """Return another honest provider, its issuer with a slash at its end or without."""
        name = f"p{next(self._numbers)}"
        issuer = f"{self.address}/{name}" + ("/" if slash else "")
        self.providers[name] = MisbehavingProvider(issuer)
        return self.providers[name]

    def answer(self, path: str, form: dict[str, str], headers: dict[str, str]) -> Answer:
        """Return the answer of the provider that a path belongs to."""
        name, _, endpoint = path.strip("/").partition("/")
        if name not in self.providers:
            return Answer(404)
        wanted = "discovery" if endpoint == ".well-known/openid-configuration" else endpoint
        return self.providers[name].answer(wanted, form, headers)


@contextmanager
def serve() -> Iterator[Host]:
    """Serve providers on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept: most of the time goes into new ones
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            self._answer(dict(parse_qsl(body)))

        def _answer(self, form: dict[str, str]) -> None:
            _send(self, host.answer(urlsplit(self.path).path, form, dict(self.headers)))

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    host = Host(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    step = 1 if answer.drip else max(len(body), 1)
    time.sleep(answer.pause)
    try:
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        for start in range(0, len(body), step):
            handler.wfile.write(body[start : start + step])
            time.sleep(answer.pause if answer.drip else 0)
    except OSError:
        return  # the portal hung up, as it should
