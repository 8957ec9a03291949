"""The small process beside each running command: it keeps log and exit code over restarts.

Started by the service in a session of its own, so that the end of the service is not its end. It
ends the command when its time is up, when it is asked to, or when no service has been there for
a while: the whole demo was killed, then.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from demo.reana.engine.cgroups import Cgroup, make
from demo.reana.engine.records import Attempt, Ending, Outcome, Request, take_lock
from demo.reana.engine.watch import Bounds, Watch, memory_exceeded
from demo.sandbox import descendants

TICK = 0.2
#: How long a command goes on without a service; a restart takes a few seconds.
LONELY_SECONDS = 90.0
REAP_SECONDS = 3.0
PR_SET_CHILD_SUBREAPER = 36
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
        _adopt_orphans()
        group = _group_of(request)
        try:
            process = subprocess.Popen(
                group.enter(request.command) if group else request.command,
                cwd=request.folder,
                env=request.variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            self._attempt.end(Outcome(Ending.REFUSED, 126, f"cannot be started: {exc.strerror}"))
            return
        watch = Watch(process.pid, _watched(request, group), tuple(map(Path, request.folders)))
        ending, detail = self._follow(process, request, watch, group)
        _end_all(process, group)
        if ending is Ending.EXITED:
            ending, detail = _afterwards(request, watch, group)
        if group is not None:
            group.remove()
        self._attempt.end(Outcome(ending, process.wait(), detail, _cpu_seconds()))

    def _follow(
        self,
        process: subprocess.Popen[bytes],
        request: Request,
        watch: Watch,
        group: Cgroup | None,
    ) -> tuple[Ending, str]:
        """Copy the output into the log until the command ends or has to end."""
        assert process.stdout is not None
        deadline = time.monotonic() + request.seconds
        pipe = process.stdout.fileno()
        with self._attempt.log.open("ab", buffering=0) as stream:
            log = CappedLog(stream, request.log_bytes)
            while process.poll() is None:
                if _copy(pipe, log, wait=TICK) is None:
                    _wait_for(process, TICK)  # it closed its output: it ends now, or runs on
                if time.monotonic() > deadline:
                    return Ending.TIMED_OUT, ""
                if (asked := self._end_asked()) is not None:
                    return asked, ""
                exceeded = watch.exceeded() or _out_of_memory(request, group)
                if exceeded is not None:
                    return Ending.EXCEEDED, exceeded
            while _copy(pipe, log, wait=0):
                pass
        return Ending.EXITED, ""

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


def _group_of(request: Request) -> Cgroup | None:
    """Return the run's control group, where the service found that one can be made."""
    if not request.group or request.bounds.memory_bytes is None:
        return None
    return make(
        request.group, memory_bytes=request.bounds.memory_bytes, processes=request.processes
    )


def _watched(request: Request, group: Cgroup | None) -> Bounds:
    """Return the bounds that the kernel does not see to."""
    return request.bounds if group is None else replace(request.bounds, memory_bytes=None)


def _end_all(process: subprocess.Popen[bytes], group: Cgroup | None) -> None:
    """Leave nothing of the command running, nor what it started and abandoned.

    The sandbox first: all in it ends at once with it, and no step is told of as failed because the
    one below it was killed before it.
    """
    process.kill()
    process.wait()
    deadline = time.monotonic() + REAP_SECONDS
    while not _reaped() and time.monotonic() < deadline:
        if group is not None:
            group.kill()
        for pid in descendants(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _adopt_orphans() -> None:
    """Become the parent of what the command leaves behind, so that its end can be waited for."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reaped() -> bool:
    """Wait for what has ended; tell whether nothing of the command is left."""
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if not ended:
            return False


def _cpu_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _out_of_memory(request: Request, group: Cgroup | None) -> str | None:
    """Return the words for what the kernel ended in the run's group; the rest ends with it."""
    memory = request.bounds.memory_bytes
    if group is None or memory is None or not group.ran_out_of_memory():
        return None
    return memory_exceeded(memory)


def _afterwards(request: Request, watch: Watch, group: Cgroup | None) -> tuple[Ending, str]:
    """Return whether a limit was behind the end of a command that ended by itself."""
    exceeded = _out_of_memory(request, group) or watch.last_look()
    if exceeded is not None:
        return Ending.EXCEEDED, exceeded
    if group is not None and group.hit_process_limit():
        return Ending.EXITED, f"it reached the limit of {request.processes} processes"
    return Ending.EXITED, ""


def _copy(pipe: int, log: CappedLog, *, wait: float) -> bool | None:
    """Move what is there from the pipe to the log; tell whether there was anything.

    None: no more will come.
    """
    ready, _, _ = select.select([pipe], [], [], wait)
    output = os.read(pipe, 65536) if ready else b""
    log.write(output)
    return None if ready and not output else bool(output)


def _wait_for(process: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)


def main(arguments: list[str]) -> None:
    """Keep the command of the attempt's folder; the attempt's lock was inherited."""
    folder, service_lock = arguments
    Keeper(Attempt(Path(folder)), Path(service_lock)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
