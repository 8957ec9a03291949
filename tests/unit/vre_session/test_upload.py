"""An upload from a session to a portal that answers with half a sentence."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.broker import FakeBroker
from vre_session.upload import Portal, _offset, main


class HalfAnAnswer(socketserver.StreamRequestHandler):
    """Says what is no HTTP."""

    def handle(self) -> None:
        """Answer and close."""
        self.rfile.readline()
        self.wfile.write(b"half\r\n")


@pytest.fixture
def lent(portal: FakeBroker) -> Iterator[None]:
    """A token for a service that breaks off."""
    with socketserver.TCPServer(("127.0.0.1", 0), HalfAnAnswer) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        portal.services["uploads"] = f"http://127.0.0.1:{server.server_address[1]}"
        portal.lend(audience="uploads")
        yield
        server.shutdown()


@pytest.mark.usefixtures("lent")
def test_how_far_it_is_stays_open(variables: dict[str, str]) -> None:
    assert _offset(Portal(variables), "/api/v1/data/uploads/1") is None


@pytest.mark.usefixtures("lent")
def test_the_command_ends_with_words(
    variables: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.root").write_bytes(b"x")

    assert main(variables, [str(tmp_path / "a.root")]) == 1
    assert "half" in capsys.readouterr().err
