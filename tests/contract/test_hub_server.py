"""The demo's hub: the portal's token drives sessions, and nobody sees another one's files.

The stack is the one whose state folder VRE_TEST_STACK names. Each test makes users of its own.
"""

from __future__ import annotations

import json
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
import requests
from websockets.sync.client import connect

from demo.stack import Stack
from tests.signin import running_stack

#: A session on a busy machine needs some tens of seconds.
DEADLINE_SECONDS = 120
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Hub:
    """The hub's REST API with the portal's own token."""

    stack: Stack

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Return the answer of the hub."""
        headers = {"Authorization": f"token {self.stack.secret('hub-service-token')}"}
        url = self.stack.url("hub-api", f"/hub/api{path}")
        return requests.request(method, url, headers=headers, timeout=30, **arguments)

    def events(self, path: str) -> list[dict[str, Any]]:
        """Return all events of a starting session, until it is ready or has failed."""
        with self.call("GET", f"{path}/progress", stream=True) as answer:
            lines = (line.decode() for line in answer.iter_lines())
            return [json.loads(line[5:]) for line in lines if line.startswith("data:")]


@dataclass(frozen=True)
class Server:
    """One session of one user, as the portal sees it."""

    hub: Hub
    user: str
    name: str = "s-contract"

    @property
    def path(self) -> str:
        """Where the hub's API keeps the server."""
        return f"/users/{self.user}/servers/{self.name}"

    def start(self, **options: str) -> requests.Response:
        """Ask for the session."""
        body = {"display_name": "Contract", "user_options": options}
        return self.hub.call("POST", self.path, json=body)

    def started(self, **options: str) -> list[dict[str, Any]]:
        """Start the session and return what was said until it was ready."""
        assert self.start(**options).status_code in {201, 202}
        events = self.hub.events(self.path)
        assert events[-1].get("ready"), events
        return events

    def token(self) -> str:
        """Return a token of five minutes for this session only."""
        wish = {
            "expires_in": 300,
            "note": "contract test",
            "scopes": [f"access:servers!server={self.user}/{self.name}"],
        }
        answer = self.hub.call("POST", f"/users/{self.user}/tokens", json=wish)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        return token

    def contents(self, token: str, path: str, **arguments: Any) -> requests.Response:
        """Call the session's own contents API through the hub's proxy."""
        url = self.hub.stack.url("hub", f"/user/{self.user}/{self.name}/api/contents/{path}")
        method = "PUT" if arguments else "GET"
        headers = {"Authorization": f"token {token}"}
        return requests.request(method, url, headers=headers, timeout=30, **arguments)

    def shell(self, line: str) -> str:
        """Run a line in a terminal of the session and return what it printed."""
        base = self.hub.stack.url("hub", f"/user/{self.user}/{self.name}")
        headers = {"Authorization": f"token {self.token()}"}
        made = requests.post(f"{base}/api/terminals", headers=headers, timeout=30)
        assert made.status_code == 200, made.text
        socket = f"{base.replace('http', 'ws', 1)}/terminals/websocket/{made.json()['name']}"
        # The end mark is put together by the shell, so that its echo does not look like the end.
        with connect(socket, additional_headers=headers) as terminal:
            terminal.send(json.dumps(["stdin", f"{line}; echo en''d-of-line\r"]))
            printed = ""
            while "end-of-line" not in printed:
                kind, *rest = json.loads(terminal.recv(timeout=DEADLINE_SECONDS))
                printed += rest[0] if kind == "stdout" else ""
        return printed

    def stopped(self) -> None:
        """Stop the session and wait until it has ended."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.hub.call("DELETE", self.path).status_code == 202:
            assert time.monotonic() < deadline, "the session does not stop"
            time.sleep(POLL_SECONDS)

    def removed(self) -> requests.Response:
        """Stop the session and forget it."""
        self.stopped()
        return self.hub.call("DELETE", self.path, json={"remove": True})


@pytest.fixture(scope="module")
def hub() -> Hub:
    return Hub(running_stack())


@pytest.fixture
def server(hub: Hub) -> Iterator[Server]:
    """A user's session that has not been started yet."""
    with _user(hub) as server:
        yield server


@pytest.fixture(scope="module")
def ann(hub: Hub) -> Iterator[Server]:
    """A running session."""
    with _user(hub) as server:
        server.started(profile="light")
        yield server


@pytest.fixture(scope="module")
def bob(hub: Hub) -> Iterator[Server]:
    """Another user's running session."""
    with _user(hub) as server:
        server.started(profile="light")
        yield server


@contextmanager
def _user(hub: Hub) -> Iterator[Server]:
    user = f"contract-{uuid.uuid4().hex[:5]}"
    assert hub.call("POST", f"/users/{user}").status_code == 201
    server = Server(hub, user)
    try:
        yield server
    finally:
        server.stopped()
        assert hub.call("DELETE", f"/users/{user}").status_code == 204


def test_a_session_lives_from_start_to_removal(server: Server) -> None:
    events = server.started(profile="light", lifetime="2")
    running = server.hub.call("GET", server.path).json()
    removed = server.removed()
    gone = server.hub.call("GET", server.path)

    assert running["ready"]
    assert datetime.fromisoformat(running["started"])
    assert running["user_options"] == {"profile": "light", "lifetime": "2"}
    assert "Starting JupyterLab" in [event["message"] for event in events]
    assert removed.status_code == 204
    assert gone.status_code == 404


def test_the_portal_puts_a_notebook_into_a_session(ann: Server) -> None:
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

    body = {"type": "notebook", "content": notebook}
    put = ann.contents(ann.token(), "starter.ipynb", json=body)
    got = ann.contents(ann.token(), "starter.ipynb")

    assert put.status_code == 201
    assert got.json()["content"]["nbformat"] == 4


def test_a_token_for_a_session_opens_no_other(ann: Server, bob: Server) -> None:
    answer = bob.contents(ann.token(), "")

    assert answer.status_code == 403


def test_an_unknown_environment_is_refused_with_the_known_ones(server: Server) -> None:
    answer = server.start(profile="heavy")

    assert answer.status_code == 400
    assert "no environment 'heavy'" in answer.json()["message"]
    assert "physics, light" in answer.json()["message"]


def test_an_unknown_choice_is_refused_with_the_known_ones(server: Server) -> None:
    answer = server.start(profile="physics", memory="64")

    assert answer.status_code == 400
    assert "Choose one of: 2, 4" in answer.json()["message"]


def test_a_session_is_held_to_what_was_chosen(server: Server) -> None:
    server.started(profile="physics", cpu="1", memory="2")

    said = server.shell("nproc; ulimit -d; echo $CPU_LIMIT $MEM_LIMIT")

    assert re.search(rf"[\r\n]1\r\n{2 << 20}\r\n1.0 {2 << 30}\r\n", said)


def test_a_session_sees_only_its_own_folders(ann: Server, bob: Server) -> None:
    body = {"type": "file", "format": "text", "content": "for nobody else"}
    assert bob.contents(bob.token(), "private.txt", json=body).status_code == 201
    homes = ann.hub.stack.state.resolve() / "hub" / "homes"
    secrets = ann.hub.stack.state.resolve() / "secrets.json"

    printed = ann.shell(
        f"cat '{homes}/{bob.user}/private.txt' '{secrets}' /etc/shadow; ls '{homes}'"
    )

    assert "for nobody else" not in printed
    assert printed.count("No such file") + printed.count("Permission denied") >= 3
    assert ann.user in printed


def test_sessions_of_two_users_have_two_user_ids(ann: Server, bob: Server) -> None:
    homes = [ann.hub.stack.state / "hub" / "homes" / each.user for each in (ann, bob)]

    owners = {home.stat().st_uid for home in homes}

    assert len(owners) == (2 if os.geteuid() == 0 else 1)
    assert {home.stat().st_mode & 0o777 for home in homes} == {0o700}


def test_a_session_that_dies_at_once_says_why_within_seconds(server: Server) -> None:
    home = server.hub.stack.state / "hub" / "homes" / server.user
    server.started(profile="light")
    server.stopped()
    owner = home.stat()
    broken = home / ".jupyter" / "jupyter_server_config.py"
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("raise SystemExit('the disk is on fire')\n")
    for path in (broken.parent, broken):
        os.chown(path, owner.st_uid, owner.st_gid)

    refused = server.start(profile="light")
    reason = (
        refused.text if refused.status_code >= 400 else json.dumps(server.hub.events(server.path))
    )

    assert "the disk is on fire" in reason


def test_the_hub_sends_strangers_to_the_portal(hub: Hub) -> None:
    answer = requests.get(
        hub.stack.url("hub", "/hub/oauth_login"), allow_redirects=False, timeout=30
    )

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(hub.stack.url("portal", "/oauth/authorize/"))
    assert "code_challenge_method=S256" in answer.headers["Location"]
    assert "redirect_uri=" in answer.headers["Location"]


def test_cookies_of_the_hub_carry_its_port(hub: Hub) -> None:
    answer = requests.get(hub.stack.url("hub", "/hub/home"), allow_redirects=False, timeout=30)

    names = {cookie.name for cookie in answer.cookies} - {"_xsrf"}

    assert all(str(hub.stack.port_of("hub")) in name for name in names)
