"""The adapter against a session that answers as its user likes: in kind, in size, in time."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts.credentials import Credential
from sessions.backends import hub_credential, jupyter_server
from sessions.backends.jupyter_server import JupyterServer
from sessions.backends.running import EntryKind, Fetch, FetchState, Place, Usage, Volume
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    InvalidRequest,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)

AT = Place("alice-abcde", "s-0123abcd")
USAGE = {
    "memory_bytes": 5 << 20, "memory_limit_bytes": 2 << 30, "cpu_percent": 12.5, "cpu_limit": 2.0,
    "home_bytes": 7, "home_quota_bytes": None, "kernels": 2, "busy_kernels": 1, "keep_alive": True,
    "projects": [{"name": "cms", "bytes": None, "quota_bytes": 9}],
    "at": "2026-11-27T10:00:00+01:00",
}  # fmt: skip
MODEL = {"name": "a.csv", "path": "a.csv", "type": "file", "size": 8, "writable": True,
         "last_modified": "2026-11-27T09:00:00Z"}  # fmt: skip
NESTED = b"[" * 100_000


@dataclass(frozen=True)
class Said:
    """An answer; its length may be a lie."""

    body: bytes
    status: int
    headers: Mapping[str, str]


class Door(ThreadingHTTPServer):
    """Gives one answer to all of a method; with `holds` it goes on only when the test is over."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Said] = {}
        self.holds = False
        self.over = threading.Event()

    def say(self, answer: object, status: int = 200, *, method: str = "", **headers: str) -> None:
        """Answer so from now on."""
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[method] = Said(body, status, {"Content-Length": str(len(body)), **named})


class _Handler(BaseHTTPRequestHandler):
    server: Door

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = self.server.answers.get(self.command) or self.server.answers[""]
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(said.body)
            if self.server.holds:
                self.server.over.wait()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    server = Door()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    monkeypatch.setenv("VRE_HUB_URL", f"http://127.0.0.1:{server.server_address[1]}")
    get_config.cache_clear()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    monkeypatch.undo()
    get_config.cache_clear()


@pytest.fixture
def who() -> Credential:
    return hub_credential("opens-this-one")


def usage(door: Door, who: Credential, **changed: object) -> Usage:
    door.say(USAGE | changed)
    return JupyterServer().usage(who, AT)


def test_what_a_session_uses_is_told_in_figures(door: Door, who: Credential) -> None:
    found = usage(door, who)

    assert (found.memory, found.memory_limit, found.cpu_limit) == (5 << 20, 2 << 30, 2.0)
    assert found.projects == (Volume("cms", None, 9),)
    assert (found.kernels, found.busy_kernels, found.keep_alive) == (2, 1, True)
    assert found.at.isoformat() == "2026-11-27T09:00:00+00:00"


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("memory_bytes", "much"),
        ("memory_bytes", None),
        ("memory_bytes", float("nan")),
        ("memory_bytes", float("inf")),
        ("memory_bytes", 10**400),
        ("memory_bytes", -1),
        ("memory_limit_bytes", "much"),
        ("memory_limit_bytes", float("nan")),
        ("cpu_percent", float("nan")),
        ("cpu_percent", []),
        ("cpu_limit", "two"),
        ("cpu_limit", float("-inf")),
        ("home_bytes", {}),
        ("home_quota_bytes", "x"),
        ("kernels", "x"),
        ("busy_kernels", float("nan")),
        ("projects", 5),
        ("projects", ["cms"]),
        ("projects", [{"bytes": 1}]),
        ("projects", [{"name": "a\0b"}]),
        ("projects", [{"name": "\ud800"}]),
        ("projects", [{"name": "cms", "quota_bytes": "x"}]),
        ("at", None),
        ("at", "yesterday"),
        ("at", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_figures_that_are_none_are_refused(
    door: Door, who: Credential, field: str, told: object
) -> None:
    with pytest.raises(UpstreamRefused, match="of another kind"):
        usage(door, who, **{field: told})


def test_what_a_session_uses_is_short(door: Door, who: Credential) -> None:
    with pytest.raises(UpstreamRefused):
        usage(door, who, projects=[{"name": "x" * 100_000}])


def test_a_field_that_is_missing_is_refused(door: Door, who: Credential) -> None:
    door.say({})

    asked: list[Callable[[], object]] = [
        lambda: JupyterServer().usage(who, AT),
        lambda: JupyterServer().log(who, AT, lines=5),
        lambda: JupyterServer().fetched(who, AT, "f-1"),
        lambda: JupyterServer().fetch_repository(who, AT, url="https://x", ref="", path=""),
    ]

    for ask in asked:
        with pytest.raises(UpstreamRefused, match="of another kind"):
            ask()


def test_a_log_keeps_what_can_be_shown(door: Door, who: Credential) -> None:
    door.say({"lines": ["one", "half \ud83d of a sign", 3]})

    assert JupyterServer().log(who, AT, lines=5) == ["one", "half ? of a sign", "3"]


@pytest.mark.parametrize("lines", [None, 7])
def test_a_log_that_is_none_is_refused(door: Door, who: Credential, lines: object) -> None:
    door.say({"lines": lines})

    with pytest.raises(UpstreamRefused, match="of another kind"):
        JupyterServer().log(who, AT, lines=5)


def test_a_fetch_is_told_with_its_file_below_the_home(door: Door, who: Credential) -> None:
    door.say({"state": "ready", "folder": "repositories/x", "path": "a.ipynb", "commit": "c0ffee"})

    assert JupyterServer().fetched(who, AT, "f-1") == Fetch(
        "f-1", FetchState.READY, "", "repositories/x", "c0ffee", "repositories/x/a.ipynb"
    )


@pytest.mark.parametrize(
    "told", [{"state": "lost"}, {"state": []}, {"state": "ready", "message": "a\0b"},
             {"state": "ready", "folder": "x", "path": "\udfff"}],
)  # fmt: skip
def test_a_fetch_that_is_none_is_refused(door: Door, who: Credential, told: object) -> None:
    door.say(told)

    with pytest.raises(UpstreamRefused, match="of another kind"):
        JupyterServer().fetched(who, AT, "f-1")


def test_entries_lie_where_they_were_asked_for(door: Door, who: Credential) -> None:
    door.say({"content": [MODEL | {"path": ".vre/token"}, MODEL | {"name": 7, "path": "x\ny"}]})

    found = JupyterServer().entries(who, AT, "results")
    door.say(MODEL | {"path": "x\ny", "name": "x\ny"})
    moved = JupyterServer().rename(who, AT, "a.csv", "results/b.csv")

    assert [(one.name, one.path) for one in found] == [
        ("7", "results/7"), ("a.csv", "results/a.csv"),
    ]  # fmt: skip
    assert (moved.name, moved.path, moved.kind) == ("b.csv", "results/b.csv", EntryKind.FILE)


@pytest.mark.parametrize(
    "listed",
    [
        5,
        "abc",
        [None],
        ["a"],
        [{}],
        [MODEL | {"size": float("nan")}],
        [MODEL | {"size": 10**400}],
        [MODEL | {"size": "large"}],
        [MODEL | {"last_modified": "yesterday"}],
        [MODEL | {"last_modified": 7}],
    ],
)
def test_a_folder_that_is_none_is_refused(door: Door, who: Credential, listed: object) -> None:
    door.say({"content": listed})

    with pytest.raises(UpstreamRefused, match="of another kind"):
        JupyterServer().entries(who, AT, "")


def test_an_entry_that_is_none_is_refused(door: Door, who: Credential) -> None:
    door.say(MODEL | {"last_modified": {"x": 1}})

    with pytest.raises(UpstreamRefused, match="of another kind"):
        JupyterServer().entry(who, AT, "a.csv")


def test_a_reason_is_one_that_can_be_kept_and_shown(door: Door, who: Credential) -> None:
    door.say({"message": "no\0 \ud800" + "x" * 9_000}, 409)

    with pytest.raises(Conflict) as refused:
        JupyterServer().rename(who, AT, "a.csv", "b.csv")

    assert refused.value.message.startswith("no ?x")
    assert len(refused.value.message) <= 2_000


@pytest.mark.parametrize("body", [NESTED, b"{", b"\xff"])
def test_a_refusal_without_a_reason_stays_one(door: Door, who: Credential, body: bytes) -> None:
    door.say(body, 400)

    with pytest.raises(InvalidRequest, match="can't do this"):
        JupyterServer().entries(who, AT, "")


def first_of(door: Door, who: Credential) -> bytes:
    with JupyterServer().read(who, AT, "a.csv") as stream:
        return next(iter(stream.pieces))


def all_of(door: Door, who: Credential) -> bytes:
    with JupyterServer().read(who, AT, "a.csv") as stream:
        return b"".join(stream.pieces)


def test_bytes_are_passed_on_as_they_come(door: Door, who: Credential) -> None:
    door.say(b"x", Content_Length="9")
    door.holds = True

    assert first_of(door, who) == b"x"


def test_a_session_that_drips_is_not_waited_for(
    door: Door, who: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jupyter_server, "READ_SECONDS", 0.0)
    door.say(b"x", Content_Length="9")
    door.holds = True

    with pytest.raises(UpstreamTimeout, match="too slowly"):
        all_of(door, who)


def test_a_session_that_breaks_off_is_told(door: Door, who: Credential) -> None:
    door.say(b"x", Content_Length="9")

    with pytest.raises(UpstreamUnavailable, match="stopped sending"):
        all_of(door, who)


def test_a_refusal_to_give_bytes_is_not_waited_for(door: Door, who: Credential) -> None:
    door.say(b"{", 416, Content_Length="9")
    door.holds = True

    with pytest.raises(InvalidRequest):
        first_of(door, who)


def test_bytes_that_are_packed_are_refused(door: Door, who: Credential) -> None:
    door.say(gzip.compress(b"x" * 9), Content_Encoding="gzip")

    with pytest.raises(UpstreamRefused, match="of another kind"):
        all_of(door, who)


@pytest.mark.parametrize(("length", "size"), [("3", 3), ("\xb2", None), ("-1", None)])
def test_the_size_is_told_where_there_is_one(
    door: Door, who: Credential, length: str, size: int | None
) -> None:
    door.say(b"abc", Content_Length=length)

    with JupyterServer().read(who, AT, "a.csv") as stream:
        assert stream.size == size


def test_a_deletion_is_not_waited_for_without_end(
    door: Door, who: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jupyter_server, "MAX_ANSWER", 1_000)
    door.say(MODEL)
    door.say(b" " * 2_000, method="DELETE")

    with pytest.raises(UpstreamRefused):
        JupyterServer().delete(who, AT, "a.csv")
