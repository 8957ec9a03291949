"""What runs in a session: the same cases on the fake and on a session of the demo's real hub."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import requests

from accounts.credentials import Credential
from sessions.backends import Outcome, SessionsBackend, get_backend, service_credential
from sessions.backends.jupyter_server import JupyterServer
from sessions.backends.jupyterhub import JupyterHubBackend
from sessions.backends.running import EntryKind, Place, RunningSession
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    UpstreamRefused,
)

SERVER, OTHER = "s-0000aaaa", "s-0000bbbb"
OPTIONS = {"profile": "light"}
START_SECONDS = 120.0
STOP_SECONDS = 30.0
NAMES = ["a b.txt", "ünï-✓.txt", "50%25 #1?&=.csv", 'it\'s "x" <b>.txt', "back\\slash.txt"]


@dataclass
class World:
    """A hub with one user whose two sessions run."""

    running: RunningSession
    hub: SessionsBackend
    handle: str
    folder: str = field(default_factory=lambda: f"case-{uuid.uuid4().hex[:8]}")

    @property
    def at(self) -> Place:
        return Place(self.handle, SERVER)

    def token(self, server: str = SERVER) -> Credential:
        return self.hub.mint_token(service_credential(), self.handle, server, seconds=60)

    def make(self) -> str:
        """Return a folder of this case's own."""
        return self.running.make_folder(self.token(), self.at, self.folder).path

    def write(self, name: str, content: bytes = b"one,two\n1,2\n") -> str:
        path = f"{self.folder}/{name}"
        self.running.write(self.token(), self.at, path, content)
        return path

    def bytes_of(self, path: str, first: int = 0, last: int | None = None) -> bytes:
        with self.running.read(self.token(), self.at, path, first=first, last=last) as stream:
            return b"".join(stream.pieces)

    def names(self, path: str | None = None) -> list[str]:
        found = self.running.entries(self.token(), self.at, self.folder if path is None else path)
        return [one.name for one in found]


@pytest.fixture(scope="module", params=["fake", "real"])
def hub(request: pytest.FixtureRequest) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        made = _fake(patch) if request.param == "fake" else _real(patch)
        made.hub.ensure_user(service_credential(), made.handle)
        for server in (SERVER, OTHER):
            made.hub.start(
                service_credential(), made.handle, server, options=OPTIONS, display_name="Files"
            )
        for server in (SERVER, OTHER):
            lines = list(
                made.hub.progress(service_credential(), made.handle, server, seconds=START_SECONDS)
            )
            assert lines[-1].outcome is Outcome.READY
        yield made
        for server in (SERVER, OTHER):
            _stop(made, server)
    get_config.cache_clear()
    get_backend.cache_clear()


def _stop(made: World, server: str) -> None:
    until = time.monotonic() + STOP_SECONDS
    while not made.hub.stop(service_credential(), made.handle, server):
        assert time.monotonic() < until, "the server does not stop"
        time.sleep(0.2)


@pytest.fixture
def world(hub: World) -> World:
    made = World(hub.running, hub.hub, hub.handle)
    made.make()
    return made


def _fake(patch: pytest.MonkeyPatch) -> World:
    patch.setenv("VRE_SESSIONS_BACKEND", "tests.fakes.hub.FakeHub")
    get_config.cache_clear()
    get_backend.cache_clear()
    fake = get_backend()  # the fake session asks this very hub who may come in
    assert isinstance(fake, FakeHub)
    return World(FakeRunning(), fake, f"contract-{uuid.uuid4().hex[:5]}")


def _real(patch: pytest.MonkeyPatch) -> World:
    from tests.signin import running_stack

    assert os.environ.get("VRE_TEST_STACK"), "name a running stack's folder in VRE_TEST_STACK"
    stack = running_stack()
    patch.setenv("VRE_HUB_URL", stack.url("hub"))
    patch.setenv("VRE_HUB_API_URL", stack.url("hub-api", "/hub/api"))
    patch.setenv("VRE_HUB_TOKEN", stack.secret("hub-service-token"))
    get_config.cache_clear()
    return World(JupyterServer(), JupyterHubBackend(), f"contract-{uuid.uuid4().hex[:5]}")


def test_a_folder_tells_what_is_in_it_folders_first(world: World) -> None:
    world.write("b.csv")
    world.write("a.ipynb", b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    world.running.make_folder(world.token(), world.at, f"{world.folder}/z")

    found = world.running.entries(world.token(), world.at, world.folder)

    assert [(one.name, one.kind) for one in found] == [
        ("z", EntryKind.FOLDER),
        ("a.ipynb", EntryKind.NOTEBOOK),
        ("b.csv", EntryKind.FILE),
    ]
    assert found[2].path == f"{world.folder}/b.csv"
    assert found[2].size == len(b"one,two\n1,2\n")
    assert found[2].changed_at is not None
    assert found[0].size is None


def test_the_home_is_listed_by_an_empty_path(world: World) -> None:
    assert world.folder in world.names("")


def test_one_entry_is_looked_at_without_its_content(world: World) -> None:
    path = world.write("b.csv")

    found = world.running.entry(world.token(), world.at, path)

    assert (found.name, found.path, found.kind) == ("b.csv", path, EntryKind.FILE)
    assert world.running.entry(world.token(), world.at, "").kind is EntryKind.FOLDER


def test_what_is_not_there_is_not_found(world: World) -> None:
    for path in (f"{world.folder}/none", "none/at/all"):
        with pytest.raises(NotFound):
            world.running.entry(world.token(), world.at, path)
        with pytest.raises(NotFound):
            world.running.entries(world.token(), world.at, path)
        with pytest.raises(NotFound):
            world.bytes_of(path)
        with pytest.raises(NotFound):
            world.running.delete(world.token(), world.at, path)


def test_a_file_is_no_folder_and_a_folder_no_file(world: World) -> None:
    path = world.write("b.csv")

    with pytest.raises(InvalidRequest):
        world.running.entries(world.token(), world.at, path)
    with pytest.raises(NotFound):
        world.bytes_of(world.folder)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(0, None, b"0123456789"), (0, 0, b"0"), (3, 5, b"345"), (7, None, b"789"), (8, 99, b"89")],
)
def test_bytes_are_read_by_ranges(
    world: World, first: int, last: int | None, expected: bytes
) -> None:
    path = world.write("ten.bin", b"0123456789")

    with world.running.read(world.token(), world.at, path, first=first, last=last) as stream:
        found = b"".join(stream.pieces)

    assert found == expected
    assert stream.size == len(expected)


def test_a_range_behind_the_end_is_refused(world: World) -> None:
    path = world.write("ten.bin", b"0123456789")

    with pytest.raises(InvalidRequest):
        world.bytes_of(path, first=10)


def test_an_empty_file_is_written_and_read(world: World) -> None:
    path = world.write("empty.txt", b"")

    assert world.bytes_of(path) == b""
    assert world.running.entry(world.token(), world.at, path).size == 0


def test_a_source_names_the_address_and_carries_a_token_for_this_session(world: World) -> None:
    path = world.write("a b#1.csv", b"0123456789")

    source = world.running.source(world.token(), world.at, path)

    assert source.url.endswith(f"/{SERVER}/files/{world.folder}/a%20b%231.csv")
    assert "token " in source.headers["Authorization"]
    assert "token" not in repr(source)
    if isinstance(world.running, JupyterServer):
        headers = {**source.headers, "Range": "bytes=2-4"}
        answer = requests.get(source.url, headers=headers, timeout=10)
        assert (answer.status_code, answer.content) == (206, b"234")
        assert answer.headers["Content-Range"] == "bytes 2-4/10"


def test_writing_never_replaces(world: World) -> None:
    path = world.write("b.csv", b"first")

    with pytest.raises(Conflict):
        world.write("b.csv", b"second")
    with pytest.raises(Conflict):
        world.running.write_part(world.token(), world.at, path, b"x", number=1, last=True)

    assert world.bytes_of(path) == b"first"


def test_a_large_file_is_written_in_pieces(world: World) -> None:
    path, parts = f"{world.folder}/big.bin", [bytes([n]) * 300_000 for n in range(3)]

    for number, part in enumerate(parts, 1):
        world.running.write_part(
            world.token(), world.at, path, part, number=number, last=number == len(parts)
        )

    assert world.bytes_of(path) == b"".join(parts)


def test_one_piece_may_be_all(world: World) -> None:
    path = f"{world.folder}/one.bin"

    world.running.write_part(world.token(), world.at, path, b"all", number=1, last=True)

    assert world.bytes_of(path) == b"all"


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_come_through(world: World, name: str) -> None:
    path = world.write(name, b"odd")

    assert name in world.names()
    assert world.bytes_of(path) == b"odd"
    world.running.rename(world.token(), world.at, path, f"{world.folder}/2 {name}")
    world.running.delete(world.token(), world.at, f"{world.folder}/2 {name}")
    assert world.names() == []


def test_nothing_is_made_in_a_folder_that_is_not_there(world: World) -> None:
    path = f"{world.folder}/none/x"

    with pytest.raises(UpstreamRefused):
        world.running.write(world.token(), world.at, path, b"x")
    with pytest.raises(UpstreamRefused):
        world.running.make_folder(world.token(), world.at, path)


def test_a_folder_is_made_once(world: World) -> None:
    made = world.running.make_folder(world.token(), world.at, f"{world.folder}/z")

    assert (made.kind, made.path) == (EntryKind.FOLDER, f"{world.folder}/z")
    with pytest.raises(Conflict):
        world.running.make_folder(world.token(), world.at, f"{world.folder}/z")


def test_a_folder_is_renamed_with_all_that_is_in_it(world: World) -> None:
    world.running.make_folder(world.token(), world.at, f"{world.folder}/z")
    world.write("z/b.csv", b"in z")

    moved = world.running.rename(world.token(), world.at, f"{world.folder}/z", f"{world.folder}/y")

    assert moved.path == f"{world.folder}/y"
    assert world.bytes_of(f"{world.folder}/y/b.csv") == b"in z"
    assert world.names() == ["y"]


def test_renaming_never_replaces_and_needs_both_ends(world: World) -> None:
    path, other = world.write("b.csv", b"b"), world.write("c.csv", b"c")

    with pytest.raises(Conflict):
        world.running.rename(world.token(), world.at, path, other)
    with pytest.raises(NotFound):
        world.running.rename(world.token(), world.at, f"{world.folder}/none", f"{world.folder}/x")
    with pytest.raises(NotFound):
        world.running.rename(world.token(), world.at, path, f"{world.folder}/none/x")

    assert world.bytes_of(other) == b"c"


def test_files_and_empty_folders_are_deleted(world: World) -> None:
    path = world.write("b.csv")
    world.running.make_folder(world.token(), world.at, f"{world.folder}/z")

    world.running.delete(world.token(), world.at, path)
    world.running.delete(world.token(), world.at, f"{world.folder}/z")

    assert world.names() == []


def test_a_folder_with_something_in_it_stays(world: World) -> None:
    world.write("b.csv")

    with pytest.raises(Conflict):
        world.running.delete(world.token(), world.at, world.folder)

    assert world.names() == ["b.csv"]


def test_hidden_files_are_neither_shown_nor_read_nor_written(world: World) -> None:
    if isinstance(world.running, FakeRunning):
        world.running.of(world.handle, SERVER).files |= {".vre": None, ".vre/token": b"secret"}
    assert not [name for name in world.names("") if name.startswith(".")]

    for path in (".vre", ".vre/token", f"{world.folder}/.x"):
        with pytest.raises(NotFound):
            world.running.entry(world.token(), world.at, path)
        with pytest.raises(NotFound):
            world.bytes_of(path)
        with pytest.raises(InvalidRequest):
            world.running.write(world.token(), world.at, path, b"x")
        with pytest.raises(InvalidRequest):
            world.running.rename(world.token(), world.at, world.folder, path)


def test_the_token_of_another_session_opens_nothing(world: World) -> None:
    path = world.write("b.csv")
    strange = world.token(OTHER)

    for act in (
        lambda: world.running.entries(strange, world.at, world.folder),
        lambda: world.running.entry(strange, world.at, path),
        lambda: world.running.write(strange, world.at, f"{world.folder}/x", b"x"),
        lambda: world.running.write_part(
            strange, world.at, f"{world.folder}/x", b"x", number=2, last=True
        ),
        lambda: world.running.make_folder(strange, world.at, f"{world.folder}/x"),
        lambda: world.running.rename(strange, world.at, path, f"{world.folder}/x"),
        lambda: world.running.delete(strange, world.at, path),
    ):
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(Forbidden), world.running.read(strange, world.at, path):
        pass

    assert world.names() == ["b.csv"]


def test_a_session_that_has_stopped_is_not_there(hub: World) -> None:
    made = World(hub.running, hub.hub, hub.handle)
    hub.hub.start(
        service_credential(), hub.handle, "s-0000cccc", options=OPTIONS, display_name="Short"
    )
    list(hub.hub.progress(service_credential(), hub.handle, "s-0000cccc", seconds=START_SECONDS))
    token, at = made.token("s-0000cccc"), Place(hub.handle, "s-0000cccc")
    assert hub.running.entry(token, at, "").kind is EntryKind.FOLDER

    _stop(hub, "s-0000cccc")

    with pytest.raises((NotFound, Forbidden)):
        hub.running.entries(token, at, "")
    with pytest.raises((NotFound, Forbidden)), hub.running.read(token, at, "a.csv"):
        pass
