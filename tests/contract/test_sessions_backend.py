"""The sessions backend: the same cases on the fake hub and on the demo's real one."""

from __future__ import annotations

import base64
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import requests
from websockets.sync.client import connect

from sessions.backends import (
    Outcome,
    Progress,
    Server,
    ServerState,
    SessionsBackend,
    get_backend,
    hub_credential,
    service_credential,
)
from tests.fakes.hub import FakeHub
from vre_portal.config import get_config
from vre_portal.errors import (
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    SignInRequired,
)

OPTIONS = {"profile": "light"}
START_SECONDS = 120.0
STOP_SECONDS = 30.0


@dataclass
class World:
    """A hub with one user of this test's own, and how a session's own token is got."""

    backend: SessionsBackend
    handle: str
    session_token: Callable[[str, str], str]
    #: Given owner, server and guest: return a question whether the guest may open the server.
    guest_of: Callable[[str, str, str], Callable[[], bool]]

    def start(self, server: str, **options: str) -> None:
        self.backend.start(
            service_credential(),
            self.handle,
            server,
            options=OPTIONS | options,
            display_name="Contract",
        )

    def progress(self, server: str, seconds: float = START_SECONDS) -> list[Progress]:
        found = self.backend.progress(service_credential(), self.handle, server, seconds=seconds)
        return list(found)

    def get(self, server: str) -> Server:
        return self.backend.get(service_credential(), self.handle, server)

    def stop(self, server: str) -> None:
        until = time.monotonic() + STOP_SECONDS
        while not self.backend.stop(service_credential(), self.handle, server):
            assert time.monotonic() < until, "the server does not stop"
            time.sleep(0.2)


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = _fake(monkeypatch) if request.param == "fake" else _real(monkeypatch)
    made.backend.ensure_user(service_credential(), made.handle)
    yield made
    servers = made.backend.list_active(service_credential())
    for server in servers:
        if server.handle == made.handle:
            made.backend.stop(service_credential(), made.handle, server.name)
    monkeypatch.undo()
    get_config.cache_clear()
    get_backend.cache_clear()


def _fake(monkeypatch: pytest.MonkeyPatch) -> World:
    fake = FakeHub()

    def guest_of(handle: str, server: str, guest: str) -> Callable[[], bool]:
        return lambda: guest in fake.servers[handle, server].guests

    return World(fake, f"contract-{uuid.uuid4().hex[:5]}", fake.session_token, guest_of)


def _real(monkeypatch: pytest.MonkeyPatch) -> World:
    from sessions.backends.jupyterhub import JupyterHubBackend
    from tests.signin import running_stack

    assert os.environ.get("VRE_TEST_STACK"), "name a running stack's folder in VRE_TEST_STACK"
    stack = running_stack()
    monkeypatch.setenv("VRE_HUB_URL", stack.url("hub"))
    monkeypatch.setenv("VRE_HUB_API_URL", stack.url("hub-api", "/hub/api"))
    monkeypatch.setenv("VRE_HUB_TOKEN", stack.secret("hub-service-token"))
    get_config.cache_clear()
    backend = JupyterHubBackend()
    return World(backend, f"contract-{uuid.uuid4().hex[:5]}", _token_in_session, _guest_of)


def _guest_of(handle: str, server: str, guest: str) -> Callable[[], bool]:
    """Ask the hub who may open a server; that it holds them to it, a browser tries elsewhere."""

    def opens() -> bool:
        headers = {"Authorization": f"token {service_credential().token}"}
        api = f"{get_config().hub_api_url}/shares/{handle}/{server}"
        answer = requests.get(api, headers=headers, timeout=30)
        answer.raise_for_status()
        shares = {one["user"]["name"]: one["scopes"] for one in answer.json()["items"]}
        return f"access:servers!server={handle}/{server}" in shares.get(guest, ())

    return opens


def _token_in_session(handle: str, server: str) -> str:
    """Return what JUPYTERHUB_API_TOKEN holds, asked in a terminal of the session."""
    from sessions.backends.jupyterhub import JupyterHubBackend

    hub = get_config().hub_url
    opened = JupyterHubBackend().mint_token(service_credential(), handle, server, seconds=60)
    headers = {"Authorization": f"token {opened.token}"}
    base = f"{hub}/user/{handle}/{server}"
    made = requests.post(f"{base}/api/terminals", headers=headers, timeout=30).json()
    socket = f"{base.replace('http', 'ws', 1)}/terminals/websocket/{made['name']}"
    # Encoded and between marks: a terminal breaks lines and echoes what is typed.
    line = "printf 'T%s%sT' oken= $(printf %s $JUPYTERHUB_API_TOKEN | base64 -w0); echo\r"
    with connect(socket, additional_headers=headers) as terminal:
        terminal.send(json.dumps(["stdin", line]))
        printed = ""
        while "Token=" not in printed or not printed.rpartition("Token=")[2].count("T\r"):
            kind, *rest = json.loads(terminal.recv(timeout=30))
            printed += rest[0] if kind == "stdout" else ""
    encoded = printed.rpartition("Token=")[2].partition("T\r")[0]
    return base64.b64decode(encoded).decode()


def test_making_a_user_twice_is_well(world: World) -> None:
    world.backend.ensure_user(service_credential(), world.handle)
    world.backend.ensure_user(service_credential(), world.handle)


def test_a_session_lives_from_start_to_stop(world: World) -> None:
    world.start("s-0000aaaa")
    lines = world.progress("s-0000aaaa")
    running = world.get("s-0000aaaa")
    listed = world.backend.list_active(service_credential())
    world.stop("s-0000aaaa")

    assert lines[-1].outcome is Outcome.READY
    assert lines[-1].url == f"/user/{world.handle}/s-0000aaaa/"
    assert any(line.outcome is Outcome.WORKING and line.message for line in lines)
    assert running.state is ServerState.READY
    assert running.options == OPTIONS
    assert running.started_at is not None
    assert (world.handle, "s-0000aaaa") in {(one.handle, one.name) for one in listed}
    with pytest.raises(NotFound):
        world.get("s-0000aaaa")


def test_asking_again_for_a_session_that_starts_or_runs_is_well(world: World) -> None:
    world.start("s-0000aaaa")
    world.start("s-0000aaaa")
    assert world.progress("s-0000aaaa")[-1].outcome is Outcome.READY

    world.start("s-0000aaaa")

    assert world.get("s-0000aaaa").state is ServerState.READY


def test_what_the_portal_itself_does_at_a_server_does_not_open_it(world: World) -> None:
    moment = datetime.now(UTC)
    world.start("s-0000aaaa")
    world.progress("s-0000aaaa")
    world.backend.mint_token(service_credential(), world.handle, "s-0000aaaa", seconds=60)
    world.session_token(world.handle, "s-0000aaaa")

    opened = world.backend.opened_since(service_credential(), world.handle, "s-0000aaaa", moment)

    assert opened is False


def test_a_start_may_be_cancelled(world: World) -> None:
    world.start("s-0000aaaa")

    world.stop("s-0000aaaa")

    with pytest.raises(NotFound):
        world.progress("s-0000aaaa", seconds=5)


def test_stopping_what_is_not_there_is_well(world: World) -> None:
    assert world.backend.stop(service_credential(), world.handle, "s-0000ffff")


def test_a_start_for_somebody_unknown_is_not_found(world: World) -> None:
    world.handle = "nobody-zzzzz"

    with pytest.raises(NotFound):
        world.start("s-0000aaaa")


@pytest.mark.parametrize("server", ["s_underscore", "S-CAPITAL"])
def test_a_name_that_the_hub_does_not_take_is_refused(world: World, server: str) -> None:
    with pytest.raises(InvalidRequest):
        world.start(server)


def test_an_environment_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequest):
        world.start("s-0000aaaa", profile="nonsense")


def test_more_sessions_than_allowed_are_refused_in_plain_words(world: World) -> None:
    names = [f"s-0000000{number}" for number in range(5)]
    for name in names:
        world.start(name)

    with pytest.raises(QuotaExceeded, match="Stop one"):
        world.start("s-00000009")

    for name in names:
        world.stop(name)


def test_a_sessions_own_token_tells_whose_it_is_until_it_stops(world: World) -> None:
    world.start("s-0000aaaa")
    assert world.progress("s-0000aaaa")[-1].outcome is Outcome.READY
    token = world.session_token(world.handle, "s-0000aaaa")

    owner = world.backend.identify(hub_credential(token))

    assert (owner.kind, owner.handle) == ("user", world.handle)
    assert f"access:servers!server={world.handle}/s-0000aaaa" in owner.scopes
    assert f"users:activity!user={world.handle}" in owner.scopes
    assert sum(scope.startswith("access:servers") for scope in owner.scopes) == 1


def test_a_token_that_the_hub_never_gave_is_nobodys(world: World) -> None:
    with pytest.raises(SignInRequired):
        world.backend.identify(hub_credential("no-token-of-this-hub"))


def test_the_services_token_is_no_persons(world: World) -> None:
    if isinstance(world.backend, FakeHub):
        token = world.backend.token("service", "portal", {"admin:users"})
    else:
        token = service_credential().token

    assert world.backend.identify(hub_credential(token)).kind == "service"


@pytest.fixture
def guest(world: World) -> str:
    """Somebody else whom the hub knows."""
    handle = f"{world.handle}-g"
    world.backend.ensure_user(service_credential(), handle)
    return handle


def test_a_guest_may_come_in_from_when_they_are_let_in_until_they_are_shut_out(
    world: World, guest: str
) -> None:
    backend, portal = world.backend, service_credential()
    world.start("s-0000aaaa")
    assert world.progress("s-0000aaaa")[-1].outcome is Outcome.READY
    opens = world.guest_of(world.handle, "s-0000aaaa", guest)

    before = opens()
    for _twice in range(2):
        backend.let_in(portal, world.handle, "s-0000aaaa", guest)
    let_in = opens()
    for _twice in range(2):
        backend.shut_out(portal, world.handle, "s-0000aaaa", guest)

    assert (before, let_in, opens()) == (False, True, False)


def test_a_server_that_was_forgotten_has_no_guests_when_it_starts_again(
    world: World, guest: str
) -> None:
    world.start("s-0000aaaa")
    assert world.progress("s-0000aaaa")[-1].outcome is Outcome.READY
    world.backend.let_in(service_credential(), world.handle, "s-0000aaaa", guest)
    world.stop("s-0000aaaa")

    world.start("s-0000aaaa")
    assert world.progress("s-0000aaaa")[-1].outcome is Outcome.READY

    assert not world.guest_of(world.handle, "s-0000aaaa", guest)()


def test_nobody_is_let_in_whom_the_hub_does_not_know(world: World) -> None:
    world.start("s-0000aaaa")

    with pytest.raises(InvalidRequest):
        world.backend.let_in(service_credential(), world.handle, "s-0000aaaa", "nobody-zzzzz")


def test_nobody_is_let_into_a_server_that_is_not_there(world: World, guest: str) -> None:
    with pytest.raises(NotFound):
        world.backend.let_in(service_credential(), world.handle, "s-0000ffff", guest)


@pytest.mark.parametrize("server", ["s-0000aaaa", "s-0000ffff"])
@pytest.mark.parametrize("who", ["let-in-nowhere", "nobody-zzzzz"])
def test_shutting_out_who_was_never_let_in_is_well(world: World, server: str, who: str) -> None:
    if who == "let-in-nowhere":
        who = f"{world.handle}-n"
        world.backend.ensure_user(service_credential(), who)
    world.start("s-0000aaaa")

    world.backend.shut_out(service_credential(), world.handle, server, who)
