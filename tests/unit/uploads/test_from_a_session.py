"""The command with which a session uploads, against the portal on real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import uvicorn

from accounts import lent_tokens
from accounts.models import User
from data_mgmt.models_uploads import Upload, UploadState
from tests.fakes.data import FakeDataBackend
from vre_portal.config import get_config
from vre_portal.raw_asgi import App
from vre_session import broker
from vre_session import upload as command


@pytest.fixture
def portal(app: App, data_backend: FakeDataBackend) -> Iterator[str]:
    """The app that takes bytes, on loopback."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
    thread = Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://{get_config().host}:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def lent(portal: str, alice: User, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the broker lent, a token that has ended first."""
    given: list[str] = []

    def ask(_variables: object, *, audience: str) -> broker.Token:
        assert audience == "uploads"
        token = lent_tokens.lend(alice, ("data",))
        given.append(token.secret)
        return broker.Token(token.secret, token.expires_at, alice.handle, portal)

    monkeypatch.setattr(broker, "ask", ask)
    return given


@pytest.mark.django_db  # one that says so has the plug-in make the database for all
def test_a_token_is_lent_for_ten_minutes(alice: User) -> None:
    lent = lent_tokens.lend(alice, ("data",))

    assert "secret" not in repr(lent)


@pytest.mark.parametrize("content", [b"", b"x", b"many bytes " * 100_000])
def test_a_file_is_sent_and_compared(
    lent: list[str], tmp_path: Path, alice: User, content: bytes
) -> None:
    file = tmp_path / "hist.root"
    file.write_bytes(content)

    done = command.main({}, [str(file), "--dataset", "plots", "--storage", "LAPP-DISK"])

    upload = Upload.objects.get()
    assert done == 0
    assert (upload.did_name, upload.size, upload.state) == (
        "hist.root", len(content), UploadState.CHECKING,
    )  # fmt: skip
    assert (str(upload.dataset), upload.told_kind) == (f"user.{alice.handle}:plots", "sha256")
    assert len(lent) == 1


def test_a_refusal_is_told(
    lent: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.root").write_bytes(b"x")

    assert command.main({}, [str(tmp_path / "a.root"), "--storage", "ATLANTIS"]) == 1
    assert "ATLANTIS takes no files" in capsys.readouterr().err
