"""Runs one step of a workflow and tells of it: `step.py KEY {"name": ...} COMMAND...`.

It stands between an engine and the command of a step, whatever the engine is, and ends as the
command does. What the engine sends to a file itself stays in the file.
"""

from __future__ import annotations

import codecs
import json
import os
import select
import stat
import subprocess
import sys
from typing import IO

import telling

PIECE = 1 << 16
#: A step's log is cut here; the runner cuts the sum of a run's logs.
LOG_BYTES = 2_000_000
TICK = 0.1


class Told:
    """A log that goes to the runner in pieces of text."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._left = LOG_BYTES

    def write(self, piece: bytes) -> None:
        """Tell a piece of output, as long as there is room."""
        text = self._decoder.decode(piece[: self._left])
        if text:
            telling.output(self._key, text)
        if 0 < self._left <= len(piece):
            telling.output(self._key, "\n[The log is longer than the runner keeps.]\n")
        self._left = max(self._left - len(piece), 0)


def run(key: str, command: list[str]) -> int:
    """Run a command, telling what it prints; return its exit code."""
    outputs = [_destination(stream) for stream in (1, 2)]
    reading, writing = os.pipe()
    # Without the variable: a step that runs this program again starts afresh.
    variables = {name: value for name, value in os.environ.items() if name != telling.VARIABLE}
    process = subprocess.Popen(
        command,
        stdout=writing if outputs[0] is None else outputs[0],
        stderr=writing if outputs[1] is None else outputs[1],
        env=variables,
    )
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        _follow(process, pipe, Told(key))
    return process.wait()


def main(arguments: list[str]) -> int:
    """Run a step from its beginning to its end."""
    key, described, *command = arguments
    telling.begin(key, **json.loads(described))
    try:
        code = run(key, command)
    except OSError as exc:
        telling.output(key, f"{command[0]} cannot be started: {exc.strerror}\n")
        code = 127
    telling.end(key, code)
    return 128 - code if code < 0 else code


def _follow(process: subprocess.Popen[bytes], pipe: IO[bytes], log: Told) -> None:
    """Tell what comes, until the process is over: one it leaves behind keeps the pipe open."""
    ended = False
    while not ended:
        ended = process.poll() is not None
        while select.select([pipe], [], [], 0 if ended else TICK)[0]:
            piece = pipe.read(PIECE)
            if not piece:
                process.wait()
                return
            log.write(piece)


def _destination(stream: int) -> int | None:
    """Return the stream itself where the engine sent it to a file, else None."""
    return stream if stat.S_ISREG(os.fstat(stream).st_mode) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
