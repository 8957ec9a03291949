"""REANA's side bar in a session: always signed in, and its browser is never told the token."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from demo.process import wait_until
from tests.contract.session_parts import session_server, unpacked, wheel
from tests.fakes.broker import broker_running
from tests.signin import running_stack

SECRET = "reana-token-of-now-0123456789"
SECONDS = 60.0
#: A token's, seconds.
LIFE = 3.0


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as its wheel lays it out."""
    made = wheel(running_stack(), tmp_path_factory.mktemp("wheel"))
    return unpacked(made, tmp_path_factory.mktemp("modules"))


@contextmanager
def reana_running() -> Iterator[tuple[str, list[str]]]:
    """A REANA without workflows: its address, and the tokens with which it was asked."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.extend(parse_qs(urlsplit(self.path).query)["access_token"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"items": []}')

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as reana:
        threading.Thread(target=reana.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{reana.server_port}", seen
        reana.shutdown()


def test_ten_lives_later_the_side_bar_has_the_token_of_now_and_no_browser_any(
    modules: Path, tmp_path: Path
) -> None:
    with broker_running() as fake, reana_running() as (url, seen):
        fake.services["reana"] = url
        fake.lend_numbered("reana", seconds=LIFE)
        told = {"VRE_BROKER_URL": fake.url, "VRE_AUDIENCES": "reana"}
        stack = running_stack()
        with session_server(stack, tmp_path, modules=modules, environment="physics", **told) as one:
            file = one.home / ".vre" / "tokens" / "reana"
            assert wait_until(file.exists, SECONDS)
            began = time.monotonic()
            while time.monotonic() - began < 10 * LIFE:
                assert one.call("GET", "reana_jupyterlab/workflows").json() == {"items": []}
                time.sleep(0.2)
            one.call("GET", "reana_jupyterlab/workflows")
            still_valid = fake.valid("reana")
            told_browser = one.call("GET", "reana_jupyterlab/env").json()

    assert seen[-1] in still_valid
    assert len(set(seen)) > 10
    assert told_browser == {"server": url, "accessToken": ""}


def test_not_even_a_side_bars_error_tells_the_browser_the_token(
    modules: Path, tmp_path: Path
) -> None:
    with broker_running() as fake:
        fake.services["reana"] = "http://127.0.0.1:1"
        fake.lend(SECRET, audience="reana")
        told = {"VRE_BROKER_URL": fake.url, "VRE_AUDIENCES": "reana"}
        stack = running_stack()
        with session_server(stack, tmp_path, modules=modules, environment="physics", **told) as one:
            file = one.home / ".vre" / "tokens" / "reana"
            assert wait_until(file.exists, SECONDS)
            answer = one.call("GET", "reana_jupyterlab/workflows")

    assert "access_token=" in answer.json()["message"]
    assert SECRET not in answer.text
