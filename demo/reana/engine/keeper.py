"""The small process beside each running command: it keeps log and exit code over restarts.

Started by the service in a session of its own, so that the end of the service is not its end. It
ends the command when its time is up, when it is asked to, or when no service has been there for
a while: the whole demo was killed, then.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from demo.reana.engine.records import Attempt, Ending, Outcome, Request, take_lock
from demo.sandbox import kill_all

TICK = 0.2
#: How long a command goes on without a service; a restart takes a few seconds.
LONELY_SECONDS = 90.0
CUT = b"\n[The log is longer than the runner keeps; the rest is dropped.]\n"


class Keeper:
    """One command under supervision."""

    def __init__(self, attempt: Attempt, service_lock: Path) -> None:
        self._attempt = attempt
        self._service_lock = service_lock
        self._service_seen = time.monotonic()
        self._signalled = False
        signal.signal(signal.SIGTERM, self._note_signal)

    def run(self) -> None:
        """Run the command to its end and write down how it ended."""
        request = self._attempt.request()
        try:
            process = subprocess.Popen(
                request.command,
                cwd=request.folder,
                env=request.variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            self._attempt.end(Outcome(Ending.REFUSED, 126, f"cannot be started: {exc}"))
            return
        ending = self._follow(process, request)
        if ending is not Ending.EXITED:
            kill_all(process.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it left behind, where no sandbox ends it
        self._attempt.end(Outcome(ending, process.wait()))

    def _follow(self, process: subprocess.Popen[bytes], request: Request) -> Ending:
        """Copy the output into the log until the command ends or has to end."""
        assert process.stdout is not None
        deadline = time.monotonic() + request.seconds
        pipe = process.stdout.fileno()
        with self._attempt.log.open("ab", buffering=0) as stream:
            log = CappedLog(stream, request.log_bytes)
            while process.poll() is None:
                _copy(pipe, log, wait=TICK)
                if time.monotonic() > deadline:
                    return Ending.TIMED_OUT
                if (asked := self._end_asked()) is not None:
                    return asked
            while _copy(pipe, log, wait=0):
                pass
        return Ending.EXITED

    def _end_asked(self) -> Ending | None:
        if self._signalled:
            return Ending.INTERRUPTED
        descriptor = take_lock(self._service_lock)
        if descriptor is None:
            self._service_seen = time.monotonic()
        else:
            os.close(descriptor)
        if time.monotonic() - self._service_seen > LONELY_SECONDS:
            return Ending.INTERRUPTED
        return self._attempt.end_asked()

    def _note_signal(self, *_: object) -> None:
        self._signalled = True


class CappedLog:
    """A log that stops growing at a size, and says so."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._left = limit - os.fstat(stream.fileno()).st_size

    def write(self, output: bytes) -> None:
        """Append output as far as there is room."""
        if self._left <= 0:
            return
        self._stream.write(output[: self._left])
        self._left -= len(output)
        if self._left <= 0:
            self._stream.write(CUT)


def _copy(pipe: int, log: CappedLog, *, wait: float) -> bool:
    """Move what is there from the pipe to the log; tell whether there was anything."""
    ready, _, _ = select.select([pipe], [], [], wait)
    output = os.read(pipe, 65536) if ready else b""
    log.write(output)
    if ready and not output:
        time.sleep(wait)  # the command closed its output and runs on
    return bool(output)


def main(arguments: list[str]) -> None:
    """Keep the command of the attempt's folder; the attempt's lock was inherited."""
    folder, service_lock = arguments
    Keeper(Attempt(Path(folder)), Path(service_lock)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
