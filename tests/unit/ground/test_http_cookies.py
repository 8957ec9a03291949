"""The one way out carries nothing from one call to the next."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from vre_portal.http import call


@pytest.fixture
def greedy() -> Iterator[tuple[str, list[str | None]]]:
    """A service that sets a cookie on each answer, and notes which ones come back."""
    came: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(self.headers["Cookie"])
            self.send_response(204)
            self.send_header("Set-Cookie", "login=of-alice; Path=/")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", came
    server.shutdown()
    server.server_close()


def test_a_cookie_of_one_answer_does_not_come_along_with_the_next_call(
    greedy: tuple[str, list[str | None]],
) -> None:
    address, came = greedy

    call("A service", "GET", address)
    call("A service", "GET", address)

    assert came == [None, None]
