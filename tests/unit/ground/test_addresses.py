"""Whose address counts: the connection's, or what the site's own proxies say, and no other's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from demo.portal.component import COMPONENTS
from demo.stack import Stack
from vre_portal import addresses
from vre_portal.addresses import client_of
from vre_portal.config import get_config
from vre_portal.logs import client_address
from vre_portal.middleware import RequestIdMiddleware

ROOT = Path(__file__).resolve().parents[3]
PEER, CLIENT, FORGED = "10.0.0.1", "192.0.2.7", "203.0.113.9"


@pytest.fixture(params=[0, 1, 2], ids=["no proxy", "one proxy", "two proxies"])
def proxies(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """A site with so many proxies in front."""
    config = get_config().model_copy(update={"trusted_proxies": request.param})
    monkeypatch.setattr(addresses, "get_config", lambda: config)
    return int(request.param)


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("", (PEER, PEER, PEER)),
        (CLIENT, (PEER, CLIENT, PEER)),
        (f"{CLIENT}, 10.0.0.2", (PEER, "10.0.0.2", CLIENT)),
        (f"{FORGED}, {CLIENT}, 10.0.0.2", (PEER, "10.0.0.2", CLIENT)),
        (f"{FORGED}, , {CLIENT},10.0.0.2 ", (PEER, "10.0.0.2", CLIENT)),
        ("2001:DB8::7", (PEER, "2001:db8::7", PEER)),
        ("unknown", (PEER, "", PEER)),
        (f"{CLIENT}:4711", (PEER, "", PEER)),
        ("fe80::1%eth0", (PEER, "fe80::1", PEER)),
        ("'; DROP TABLE", (PEER, "", PEER)),
    ],
)
def test_only_what_the_sites_proxies_saw_is_believed(
    proxies: int, forwarded: str, seen: tuple[str, str, str]
) -> None:
    assert client_of(PEER, forwarded) == seen[proxies]


def test_a_peer_without_address_has_none() -> None:
    assert client_of("", "") == ""


def test_a_request_knows_its_client_and_the_next_one_does_not(proxies: int) -> None:
    seen = []

    def answer(_request: HttpRequest) -> HttpResponse:
        seen.append(client_address.get())
        return HttpResponse()

    forwarded = f"{FORGED}, {CLIENT}, 10.0.0.2"
    RequestIdMiddleware(answer)(
        RequestFactory().get("/", REMOTE_ADDR=PEER, headers={"X-Forwarded-For": forwarded})
    )

    assert seen == [(PEER, "10.0.0.2", CLIENT)[proxies]]
    assert client_address.get() == ""


ECHO = """
async def app(scope, receive, send):
    told = f"{scope['client'][0]} {scope['scheme']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": told})
"""


def options_of_the_demo(tmp_path: Path) -> list[str]:
    stack = Stack(state=tmp_path, port=9400, environments=tmp_path)
    [portal] = [component for component in COMPONENTS if component.name == "portal"]
    return list(portal.command(stack)[2:])


def options_of_the_guide(_tmp_path: Path) -> list[str]:
    guide = (ROOT / "docs" / "operations.md").read_text()
    [command] = re.findall(r"`uvicorn vre_portal.asgi:application (.*?)`", guide)
    return str(command).split()


@contextmanager
def served(folder: Path, options: list[str]) -> Iterator[str]:
    """Start uvicorn with these options, but a free port, and yield its address."""
    (folder / "echo.py").write_text(ECHO)
    command = [sys.executable, "-m", "uvicorn", "echo:app", *options, "--port", "0"]
    environment = {**os.environ, "FORWARDED_ALLOW_IPS": "*"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr
            lines = iter(process.stderr.readline, "")
            yield next(found[0] for line in lines if (found := re.search(r"http://[\d.:]+", line)))
        finally:
            process.terminate()


@pytest.mark.parametrize("options", [options_of_the_demo, options_of_the_guide])
def test_the_server_itself_believes_no_forwarded_address(
    options: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    forged = {"X-Forwarded-For": FORGED, "X-Forwarded-Proto": "https"}

    with served(tmp_path, options(tmp_path)) as address:
        answer = requests.get(address, headers=forged, timeout=10)

    assert answer.text == "127.0.0.1 http"
