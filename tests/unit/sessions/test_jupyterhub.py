"""The adapter against a hub that answers as a test says: every status code and what it becomes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sessions.backends import (
    Outcome,
    Progress,
    ServerState,
    get_backend,
    hub_credential,
    service_credential,
)
from sessions.backends.jupyterhub import PAGE, JupyterHubBackend
from vre_portal.config import get_config
from vre_portal.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    SignInRequired,
    UpstreamRefused,
    UpstreamUnavailable,
)

WHO, SERVER = "alice-abcde", "s-0123abcd"
PATH = f"/hub/api/users/{WHO}/servers/{SERVER}"


class Wire(ThreadingHTTPServer):
    """Answers each request with what a test put under its method and path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[tuple[int, object, dict[str, str]]]] = {}
        self.seen: list[tuple[str, str, Any, str]] = []

    def say(self, request: str, status: int, body: object = None, **headers: str) -> None:
        """Answer `request` so; several are given one after the other, the last one stays."""
        self.answers.setdefault(request, []).append((status, body, headers))


class _Handler(BaseHTTPRequestHandler):
    server: Wire

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length)) if length else None
        token = self.headers.get("Authorization", "")
        self.server.seen.append((self.command, self.path, sent, token))
        known = self.server.answers.get(f"{self.command} {self.path.partition('?')[0]}")
        status, body, headers = (known.pop(0) if len(known) > 1 else known[0]) if known else (
            404, {"message": None}, {},
        )  # fmt: skip
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    server = Wire()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("VRE_HUB_URL", base)
    monkeypatch.setenv("VRE_HUB_API_URL", f"{base}/hub/api")
    monkeypatch.setenv("VRE_HUB_TOKEN", "service-secret")
    get_config.cache_clear()
    yield server
    server.shutdown()
    server.server_close()
    monkeypatch.undo()
    get_config.cache_clear()


@pytest.fixture
def backend() -> JupyterHubBackend:
    return JupyterHubBackend()


def start(backend: JupyterHubBackend) -> None:
    backend.start(
        service_credential(), WHO, SERVER, options={"profile": "physics"}, display_name="Fit"
    )


def test_the_start_sends_options_and_the_services_token(
    wire: Wire, backend: JupyterHubBackend
) -> None:
    wire.say(f"POST {PATH}", 202)

    start(backend)

    body = {"display_name": "Fit", "user_options": {"profile": "physics"}}
    assert wire.seen == [("POST", PATH, body, "token service-secret")]


@pytest.mark.parametrize(
    ("status", "body"),
    [(201, None), (202, None), (400, {"message": "alice-abcde:s-1 is already running"})],
)
def test_a_server_that_runs_or_is_coming_is_well(
    wire: Wire, backend: JupyterHubBackend, status: int, body: object
) -> None:
    wire.say(f"POST {PATH}", status, body)

    start(backend)


@dataclass(frozen=True)
class Refusal:
    """What the hub answers, and what becomes of it."""

    status: int
    message: str | None
    kind: type[PortalError]
    says: str
    headers: Mapping[str, str] = field(default_factory=dict)


REFUSALS = [
    Refusal(400, "User a already has the maximum of 5 named servers.", QuotaExceeded, "Stop one"),
    Refusal(429, "Too many", UpstreamUnavailable, "waits for its turn", {"Retry_After": "30"}),
    Refusal(429, "Active user limit exceeded.", QuotaExceeded, "few minutes"),
    Refusal(400, "There is no environment 'x'.", InvalidRequest, "no environment 'x'"),
    Refusal(403, "This is for the group gpu.", Forbidden, "for the group gpu"),
    Refusal(403, "Action is not authorized with current scopes", UpstreamRefused, "operators"),
    Refusal(404, None, NotFound, "no such session"),
    Refusal(500, "Internal Server Error", UpstreamRefused, "operators"),
    Refusal(503, None, UpstreamUnavailable, "Try again"),
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_each_refusal_of_a_start_becomes_its_kind(
    wire: Wire, backend: JupyterHubBackend, refusal: Refusal
) -> None:
    wire.say(f"POST {PATH}", refusal.status, {"message": refusal.message}, **refusal.headers)

    with pytest.raises(refusal.kind, match=refusal.says):
        start(backend)


@pytest.mark.parametrize("status", [201, 409])
def test_making_a_user_who_is_there_is_well(
    wire: Wire, backend: JupyterHubBackend, status: int
) -> None:
    wire.say(f"POST /hub/api/users/{WHO}", status, {})

    backend.ensure_user(service_credential(), WHO)


def progress(backend: JupyterHubBackend) -> list[Progress]:
    return list(backend.progress(service_credential(), WHO, SERVER, seconds=2))


def test_progress_is_read_until_it_is_ready(wire: Wire, backend: JupyterHubBackend) -> None:
    wire.say(
        f"GET {PATH}/progress",
        200,
        b'\n\ndata: {"progress": 10, "message": "Preparing"}\n\n'
        b'data: {"progress": 100, "ready": true, "message": "x", "url": "/user/a/s/"}\n\n'
        b'data: {"progress": 0, "message": "never read"}\n\n',
    )

    lines = progress(backend)

    assert lines == [
        Progress(10, "Preparing"),
        Progress(100, "x", Outcome.READY, "/user/a/s/"),
    ]


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("Spawn failed: The disk is full.", "The disk is full."),
        (
            "Spawn failed: 500 SpawnException(reason=session-failed): The session ended at once.",
            "The session ended at once.",
        ),
        (
            "Spawn failed: Server at http://127.0.0.1:5/user/a/s/api didn't respond in 40 seconds",
            "Its server did not answer within 40 seconds.",
        ),
    ],
)
def test_a_failure_says_why_without_addresses(
    wire: Wire, backend: JupyterHubBackend, message: str, says: str
) -> None:
    event = json.dumps({"progress": 100, "failed": True, "message": message})
    wire.say(f"GET {PATH}/progress", 200, f"data: {event}\n\n".encode())

    assert progress(backend) == [Progress(100, says, Outcome.FAILED)]


def test_lines_that_are_no_json_are_passed_over(wire: Wire, backend: JupyterHubBackend) -> None:
    wire.say(f"GET {PATH}/progress", 200, b'data: {"progr\n\ndata: {"message": "Go"}\n\n')

    assert progress(backend) == [Progress(0, "Go")]


def test_a_stream_that_has_nothing_to_tell_is_empty(wire: Wire, backend: JupyterHubBackend) -> None:
    wire.say(f"GET {PATH}/progress", 400, {"message": "s-1 is not starting..."})

    assert progress(backend) == []


def test_the_progress_of_a_cancelled_start_is_not_found(
    wire: Wire, backend: JupyterHubBackend
) -> None:
    with pytest.raises(NotFound):
        progress(backend)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ({"ready": True, "pending": None}, ServerState.READY),
        ({"ready": False, "pending": "spawn"}, ServerState.STARTING),
        ({"ready": False, "pending": "check"}, ServerState.STARTING),
        ({"ready": True, "pending": "stop"}, ServerState.STOPPING),
        ({"ready": False, "pending": None, "stopped": True}, ServerState.STOPPED),
    ],
)
def test_each_state_of_a_server_is_known(
    wire: Wire, backend: JupyterHubBackend, found: dict[str, object], state: ServerState
) -> None:
    wire.say(f"GET {PATH}", 200, {"name": SERVER, **found})

    assert backend.get(service_credential(), WHO, SERVER).state is state


def test_all_active_servers_come_by_pages_of_users(wire: Wire, backend: JupyterHubBackend) -> None:
    def user(number: int) -> dict[str, object]:
        server = {"name": SERVER, "ready": True, "last_activity": "2026-11-22T22:35:23Z"}
        stopped = {"name": "old", "ready": False, "stopped": True}
        return {"name": f"u{number}", "servers": {SERVER: server, "old": stopped}}

    wire.say("GET /hub/api/users", 200, [user(n) for n in range(PAGE)])
    wire.say("GET /hub/api/users", 200, [user(PAGE)])
    wire.say("GET /hub/api/users", 200, [])

    found = backend.list_active(service_credential())

    assert len(found) == PAGE + 1
    assert {server.name for server in found} == {SERVER}
    assert [path for _m, path, _b, _t in wire.seen][1].endswith(f"offset={PAGE}")


def test_a_hub_with_smaller_pages_is_read_to_the_end(
    wire: Wire, backend: JupyterHubBackend
) -> None:
    def user(number: int) -> dict[str, object]:
        return {"name": f"u{number}", "servers": {SERVER: {"name": SERVER, "ready": True}}}

    for page in ([user(1), user(2)], [user(3), user(4)], [user(5)], []):
        wire.say("GET /hub/api/users", 200, page)

    found = backend.list_active(service_credential())

    assert [server.handle for server in found] == ["u1", "u2", "u3", "u4", "u5"]
    offsets = [path.rpartition("offset=")[2] for _m, path, _b, _t in wire.seen]
    assert offsets == ["0", "2", "4", "5"]


@pytest.mark.parametrize(("status", "gone"), [(204, True), (404, True), (202, False), (400, False)])
def test_a_stop_says_whether_the_server_is_gone(
    wire: Wire, backend: JupyterHubBackend, status: int, gone: bool
) -> None:
    wire.say(f"DELETE {PATH}", status, None if status < 300 else {"message": "x"})

    assert backend.stop(service_credential(), WHO, SERVER) is gone
    assert wire.seen[0][2] == {"remove": True}


def test_a_default_server_is_stopped_and_not_forgotten(
    wire: Wire, backend: JupyterHubBackend
) -> None:
    wire.say(f"DELETE /hub/api/users/{WHO}/servers/", 204, None)

    assert backend.stop(service_credential(), WHO, "")
    assert wire.seen[0][2] == {"remove": False}


def test_a_minted_token_opens_one_server_for_a_while(
    wire: Wire, backend: JupyterHubBackend
) -> None:
    wire.say(f"POST /hub/api/users/{WHO}/tokens", 201, {"token": "minted-token"})

    credential = backend.mint_token(service_credential(), WHO, SERVER, seconds=300)

    assert credential.token == "minted-token"
    assert "minted-token" not in repr(credential)
    assert wire.seen[0][2]["scopes"] == [f"access:servers!server={WHO}/{SERVER}"]
    assert wire.seen[0][2]["expires_in"] == 300


def test_whose_token_it_is(wire: Wire, backend: JupyterHubBackend) -> None:
    wire.say("GET /hub/api/user", 200, {"kind": "user", "name": WHO, "scopes": ["a", "b"]})

    owner = backend.identify(hub_credential("callers"))

    assert (owner.kind, owner.handle, owner.scopes) == ("user", WHO, frozenset({"a", "b"}))
    assert wire.seen[0][3] == "token callers"


def test_an_unknown_token_is_nobodys(wire: Wire, backend: JupyterHubBackend) -> None:
    wire.say("GET /hub/api/user", 403, {"message": None})

    with pytest.raises(SignInRequired):
        backend.identify(hub_credential("old"))


def test_an_answer_that_is_no_json_is_refused(wire: Wire, backend: JupyterHubBackend) -> None:
    wire.say(f"GET {PATH}", 200, b"<html>")

    with pytest.raises(UpstreamRefused):
        backend.get(service_credential(), WHO, SERVER)


def test_the_configured_adapter_is_this_one(wire: Wire) -> None:
    get_backend.cache_clear()

    assert isinstance(get_backend(), JupyterHubBackend)


def token(**changed: object) -> dict[str, object]:
    """A token that the server got for a browser, as the hub tells of it."""
    return {
        "kind": "api_token", "session_id": "5c0e", "created": "2026-11-27T09:00:00.000000Z",
        "last_activity": "2026-11-27T10:00:00.000000Z", "expires_at": None,
        "scopes": [f"access:servers!server={WHO}/{SERVER}", f"read:users:name!user={WHO}"],
        "oauth_client": f"Server at /user/{WHO}/{SERVER}/", **changed,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "opened"),
    [
        (token(), True),
        (token(last_activity=None, created="2026-11-27T10:00:00Z"), True),
        (token(last_activity="2026-11-27T09:59:00Z"), False),
        (token(last_activity=None), False),
        (token(session_id=None), False),
        (token(scopes=[f"access:servers!server={WHO}/s-another"]), False),
    ],
)
def test_only_a_browser_at_this_very_server_since_then_counts_as_opened(
    wire: Wire, found: dict[str, object], opened: bool
) -> None:
    wire.say(f"GET /hub/api/users/{WHO}/tokens", 200, {"api_tokens": [found]})
    moment = datetime(2026, 11, 27, 10, tzinfo=UTC)

    told = JupyterHubBackend().opened_since(service_credential(), WHO, SERVER, moment)

    assert told is opened
