"""The portal's adapter has a real session server fetch a repository from a real Git server."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from accounts.credentials import Credential
from demo.stack import Stack
from sessions.backends.jupyter_server import JupyterServer
from sessions.backends.running import Fetch, FetchState, Place
from tests.contract.session_parts import GIT, OWNER, SessionServer, session_server, unpacked, wheel
from tests.signin import running_stack
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, NotFound

AT = Place(OWNER, "s-1")
SECONDS = 30.0


@pytest.fixture(scope="module")
def stack() -> Stack:
    """The stack whose environments are installed."""
    return running_stack()


@pytest.fixture(scope="module")
def git(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A Git server: its address and the first commit."""
    folder = tmp_path_factory.mktemp("git")
    (folder / "serve.py").write_text(GIT)
    argv = [str(stack.python("light")), str(folder / "serve.py"), str(folder / "analysis")]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    port, first = child.stdout.readline().split()
    yield f"http://127.0.0.1:{port}", first
    child.terminate()
    child.wait(10)


@pytest.fixture(scope="module")
def server(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionServer]:
    """A session's server with the package."""
    folder = tmp_path_factory.mktemp("session")
    (folder / "wheel").mkdir()
    modules = unpacked(wheel(stack, folder / "wheel"), folder / "modules")
    with session_server(stack, folder / "server", modules=modules) as running:
        yield running


@pytest.fixture
def session(server: SessionServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[JupyterServer]:
    """The adapter, with the server in the place of a hub."""
    parts = urlsplit(server.url)
    monkeypatch.setenv("VRE_HUB_URL", f"{parts.scheme}://{parts.netloc}")
    get_config.cache_clear()
    yield JupyterServer()
    monkeypatch.undo()
    get_config.cache_clear()


def credential() -> Credential:
    return Credential(
        user_id=uuid.uuid4(), audience="session", account=OWNER, token=OWNER,
        expires_at=timezone.now() + timedelta(minutes=5),
    )  # fmt: skip


def until_it_ends(session: JupyterServer, fetch_id: str) -> Fetch:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = session.fetched(credential(), AT, fetch_id)
        if found.state is not FetchState.FETCHING:
            return found
        time.sleep(0.1)
    raise AssertionError("the fetch does not end")


def test_a_repository_arrives_at_the_wanted_commit_with_its_file(
    session: JupyterServer, server: SessionServer, git: tuple[str, str]
) -> None:
    address, first = git

    begun = session.fetch_repository(
        credential(), AT, url=f"{address}/x/analysis.git", ref="v1", path="a.ipynb"
    )
    found = until_it_ends(session, begun)

    assert (found.state, found.commit) == (FetchState.READY, first)
    assert found.path == f"{found.folder}/a.ipynb"
    assert (server.home / found.path).read_text() == "one"


def test_what_is_not_there_fails_in_words(session: JupyterServer, git: tuple[str, str]) -> None:
    begun = session.fetch_repository(
        credential(), AT, url=f"{git[0]}/nothing/here.git", ref="", path=""
    )

    found = until_it_ends(session, begun)

    assert found.state is FetchState.FAILED
    assert found.message


def test_a_wish_that_can_not_be_is_refused(session: JupyterServer) -> None:
    with pytest.raises(InvalidRequest):
        session.fetch_repository(credential(), AT, url="file:///etc", ref="", path="")


def test_an_unknown_fetch_is_not_found(session: JupyterServer) -> None:
    with pytest.raises(NotFound):
        session.fetched(credential(), AT, "never-begun")
