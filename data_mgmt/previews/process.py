"""A caged worker seen from the portal: started with nothing, heard within a time, always ended."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from data_mgmt.previews import wire

log = logging.getLogger(__name__)

REPOSITORY = Path(__file__).resolve().parents[2]
#: Libraries of numbers start threads, which the cage forbids, unless they are told.
_VARIABLES = {
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


class Failure(StrEnum):
    """Why a worker has nothing to tell of a file."""

    EMPTY = "empty"
    UNKNOWN = "unknown"
    BROKEN = "broken"
    TOO_MUCH = "too_much"
    TOO_LONG = "too_long"
    MEMORY = "memory"
    TIME = "time"
    CAGE = "cage"


class OutOfTime(Exception):
    """The time on the clock is used up."""


class Caged:
    """One worker process, from its start to its end.

    `module` has a ``main`` that takes the number of its connection, then those of `files`, which
    are open for reading.
    """

    def __init__(
        self, python: Path, *, module: str, wall_seconds: float, files: Sequence[int] = ()
    ) -> None:
        self._deadline = time.monotonic() + wall_seconds
        self._connection, its_end = socket.socketpair()
        with its_end:
            open_for_it = (its_end.fileno(), *files)
            self._process = subprocess.Popen(  # noqa: S603 - the site's own interpreter
                [
                    *(str(python), "-I", "-B", "-c", _start(module), str(REPOSITORY)),
                    *map(str, open_for_it),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=open_for_it,
                env=_VARIABLES,
                cwd="/",
                start_new_session=True,
            )

    def _wait_no_longer(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise OutOfTime
        self._connection.settimeout(left)

    def _receive(self, length: int) -> bytes:
        # Set before each part: a worker that drips must not win time.
        parts = []
        while length:
            self._wait_no_longer()
            try:
                part = self._connection.recv(min(length, 1 << 20))
            except TimeoutError as exc:
                raise OutOfTime from exc
            if not part:
                raise wire.Closed("the worker is gone")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _answer(self, length: int) -> dict[str, Any]:
        if length > wire.MAX_ANSWER:
            return {"failed": Failure.TOO_LONG}
        try:
            answer = json.loads(self._receive(length))
        except (ValueError, RecursionError):
            answer = None
        return answer if isinstance(answer, dict) else {"failed": Failure.BROKEN}

    def _cause_of_death(self) -> Failure:
        try:
            code = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return Failure.BROKEN
        log.info("cage: a worker ended with %s", code)
        by_limit = {-signal.SIGXCPU, -signal.SIGKILL}
        return Failure.TIME if code in by_limit else Failure.BROKEN

    def _end(self) -> None:
        self._connection.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()


def _start(module: str) -> str:
    return (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        f"from {module} import main; main(*map(int, sys.argv[2:]))"
    )
