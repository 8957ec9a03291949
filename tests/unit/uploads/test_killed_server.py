"""The real server on real HTTP: killed in the midst of a piece, gone on with, and its memory."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.models_uploads import Upload, UploadState
from data_mgmt.services import uploads
from data_mgmt.services.upload_checks import Wish
from tests.uploads import MEDIA_TYPE, Tus
from vre_portal.config import get_config

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 40
MIB = 2**20


class Server:
    """A process of its own that takes uploads, as curl sees it."""

    def __init__(self, staged: Path, secret: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._staged, self._secret = staged, secret
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        name = str(connection.settings_dict["NAME"])
        before, _, _ = get_config().database_url.get_secret_value().rpartition("/")
        told = {
            **os.environ,
            "VRE_DATABASE_URL": f"{before}/{name}",
            "VRE_UPLOAD_FOLDER": str(self._staged),
        }
        serve = ["-m", "uvicorn", "vre_portal.asgi:application", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, *serve, "--no-access-log", "--log-level", "error"], cwd=ROOT, env=told
        )
        deadline = time.monotonic() + SECONDS
        while not self.is_up():
            assert time.monotonic() < deadline, "it does not come up"
            time.sleep(0.1)

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End it as a machine that dies does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def headers(self, **more: str) -> dict[str, str]:
        """Return the headers that curl would be given."""
        return {
            "Host": get_config().host,
            "Authorization": f"Bearer {self._secret}",
            "Tus-Resumable": "1.0.0",
            **{name.replace("_", "-"): text for name, text in more.items()},
        }

    def begin_patch(self, where: str, size: int) -> HTTPConnection:
        """Begin to send so many bytes."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.putrequest("PATCH", where, skip_host=True)
        told = {"Upload_Offset": "0", "Content_Type": MEDIA_TYPE, "Content_Length": str(size)}
        for name, text in self.headers(**told).items():
            connection.putheader(name, text)
        connection.endheaders()
        return connection

    def memory(self) -> int:
        """Return the most that the process ever held, bytes."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in text.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024


@pytest.fixture
def server(staged: Path, alice: User, secrets: dict[str, str]) -> Iterator[Server]:
    made = Server(staged, secrets[alice.handle])
    yield made
    made.kill()


@pytest.mark.django_db  # one that says so has the plug-in make the database for all
def test_the_database_is_there() -> None:
    assert not Upload.objects.exists()


async def test_after_a_kill_the_rest_is_sent_and_memory_was_flat(
    server: Server, tus: Tus, staged: Path, alice: User
) -> None:
    size, sent = 64 * MIB, 60 * MIB + 123
    wish = Wish(Did(f"user.{alice.handle}", "big"), size, "LAPP-DISK")
    upload = await sync_to_async(uploads.begin)(alice, wish)
    where, file = f"/api/v1/data/uploads/{upload.pk}", staged / str(upload.pk)
    content = os.urandom(MIB) * 64
    before = server.memory()

    half = server.begin_patch(where, size)
    half.send(content[:sent])
    deadline = time.monotonic() + SECONDS
    while file.stat().st_size < sent - MIB:
        assert time.monotonic() < deadline, "it does not come to the disk"
        await asyncio.sleep(0.02)
    grown = server.memory() - before
    server.kill()
    half.close()

    offset = await tus.offset(where)
    assert offset == file.stat().st_size
    answer = await tus.patch(where, offset, content[offset:])
    await upload.arefresh_from_db()
    assert (answer.status, upload.state) == (204, UploadState.CHECKING)
    assert file.read_bytes() == content
    assert grown < 24 * MIB
