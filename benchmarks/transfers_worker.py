"""Transfers a large file to REANA's workspace and back, by the adapter and by plain requests.

Runs with the portal's settings, reads the token from its input; prints JSON: the least seconds of
both by way, the adapter first, and how many bytes its process grew by.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import django
import requests

django.setup()

from accounts.credentials import Credential  # noqa: E402
from benchmarks.memory import Peak  # noqa: E402
from reproducibility.backends import AUDIENCE  # noqa: E402
from reproducibility.backends.reana import ReanaBackend  # noqa: E402
from vre_portal.config import get_config  # noqa: E402

PATH = "large.bin"
TIMEOUT = 120
CHUNK = 1 << 18
STEPS = [{"environment": "python:3.12", "commands": ["true"]}]
SPECIFICATION = {
    "inputs": {"parameters": {}},
    "workflow": {"type": "serial", "specification": {"steps": STEPS}},
}


class Transfers:
    """One workflow's workspace, and both ways to it."""

    def __init__(self, token: str) -> None:
        later = datetime.now(UTC) + timedelta(hours=1)
        self._who = Credential(uuid.uuid4(), "", AUDIENCE, token, later)
        self._backend = ReanaBackend()
        self._direct = requests.Session()
        self._direct.trust_env = False
        self._direct.headers["Authorization"] = f"Bearer {token}"
        name = f"benchmark-{uuid.uuid4().hex}"
        self._id = self._backend.create(self._who, name, SPECIFICATION).id
        self._place = f"{get_config().reana_url}/api/workflows/{self._id}/workspace"

    def upload(self, file: BinaryIO) -> None:
        """Send the file by the adapter."""
        file.seek(0)
        self._backend.upload(self._who, self._id, PATH, file)

    def upload_directly(self, file: BinaryIO) -> None:
        """Send the file by requests."""
        file.seek(0)
        query = {"file_name": PATH}
        answer = self._direct.post(self._place, params=query, data=file, timeout=TIMEOUT)
        answer.raise_for_status()

    def download(self) -> int:
        """Read the file by the adapter and return its length."""
        return sum(map(len, self._backend.download(self._who, self._id, PATH)))

    def download_directly(self) -> int:
        """Read the file by requests and return its length."""
        with self._direct.get(f"{self._place}/{PATH}", stream=True, timeout=TIMEOUT) as answer:
            answer.raise_for_status()
            return sum(map(len, answer.iter_content(CHUNK)))

    def close(self) -> None:
        """Delete the workflow and its workspace."""
        self._backend.delete(self._who, self._id)


def main(size: int, rounds: int) -> None:
    """Measure and print."""
    transfers = Transfers(sys.stdin.read().strip())
    try:
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            up = _pair(
                lambda: transfers.upload(file), lambda: transfers.upload_directly(file), rounds
            )
            down = _pair(transfers.download, transfers.download_directly, rounds)
            memory = {
                "upload": _memory(lambda: transfers.upload(file)),
                "download": _memory(transfers.download),
            }
        if transfers.download() != size:
            raise RuntimeError("not the whole file came back")
    finally:
        transfers.close()
    print(json.dumps({"seconds": {"upload": up, "download": down}, "memory": memory}))


def _pair(adapter: Callable[[], object], direct: Callable[[], object], rounds: int) -> list[float]:
    """Return the least seconds of both, in turns: what else the machine does only adds to them."""
    adapter()
    direct()
    turns = [(_seconds(adapter), _seconds(direct)) for _ in range(rounds)]
    return [min(turn[number] for turn in turns) for number in (0, 1)]


def _seconds(transfer: Callable[[], object]) -> float:
    begun = time.perf_counter()
    transfer()
    return time.perf_counter() - begun


def _memory(transfer: Callable[[], object]) -> list[int]:
    """Return by how many bytes the process grew at most, and how large it was then."""
    with Peak(os.getpid()) as peak:
        transfer()
    return [peak.grown, peak.most]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
