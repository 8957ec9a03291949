"""Watches over one piece of work: its time, its room on the disk, its log, and its end.

A process of its own, so that a restart of the portal's workers does not end the work. It is
nobody's child and has no secret; the work inside the cage ends with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sessions.builder import cage, fetching, making, told
from sessions.builder.order import MAKE, Order, write_json

ORDER, LOG, RESULT, CANCEL = "order.json", "log", "result.json", "cancel"
LOOK_SECONDS = 0.2
MEASURE_SECONDS = 2.0
SOURCE = Path(__file__).resolve().parents[2]
INSIDE = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from sessions.builder.{} import main; sys.exit(main(sys.argv[2]))"
)


@dataclass
class Ended:
    """How the work inside ended: its exit code, or why it was ended."""

    code: int = 0
    reason: str = ""


@dataclass
class Log:
    """What the work says, cut where it says too much, kept in a file for the portal."""

    path: Path
    most: int
    said: str = ""
    _cut: bool = field(default=False, repr=False)

    def follow(self, stream: BinaryIO) -> None:
        """Write down all that comes, until the stream ends."""
        with self.path.open("w") as file:
            for raw in iter(lambda: stream.readline(4096), b""):
                line = told.cleaned(raw.decode(errors="replace"))
                if line and not self._cut:
                    self._cut = len(self.said) + len(line) > self.most
                    line = "The log goes on; the rest is left out.\n" if self._cut else line
                    self.said += line
                    file.write(line)
                    file.flush()


def main(folder: str) -> int:
    """Do the work that the folder's order describes, and write its result there."""
    job = Path(folder)
    order = Order.read(job / ORDER)
    work = Path(order.work)
    log = Log(job / LOG, order.limits.log_bytes)
    try:
        shutil.rmtree(work, ignore_errors=True)
        cage.own(work)
        # Inside it is read once the work can't be reached by anybody else.
        order.write(work / ORDER)
        ended = _run(order, job, log)
        result = _result(order, log, ended)
    except (cage.NoCage, OSError) as exc:
        told_as = str(exc) if isinstance(exc, cage.NoCage) else ""
        result = {"reason": told_as or "The site's disk or settings don't allow it."}
        log.path.write_text(f"{log.said}{exc}\n")
    finally:
        if work.exists():
            shutil.rmtree(work, ignore_errors=True)
    if not (job / CANCEL).exists():
        write_json(job / RESULT, result)
    return 0


def _run(order: Order, job: Path, log: Log) -> Ended:
    module = "making" if order.kind == MAKE else "fetching"
    inside = [order.python, "-I", "-B", "-c", INSIDE.format(module), str(SOURCE)]
    process = subprocess.Popen(  # noqa: S603 - our own code, locked up
        cage.command(order, [*inside, str(Path(order.work, ORDER))]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=order.work,
        start_new_session=True,
    )
    reader = threading.Thread(target=log.follow, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        reason = _watch(order, job, process)
    finally:
        _kill(process)
    reader.join(5)
    return Ended(process.returncode, reason)


def _watch(order: Order, job: Path, process: subprocess.Popen[bytes]) -> str:
    """Return why the work has to end before its time, empty once it has ended by itself."""
    deadline = time.monotonic() + order.limits.seconds
    measured = time.monotonic()
    while process.poll() is None:
        now = time.monotonic()
        if (job / CANCEL).exists():
            return "It was cancelled."
        if now > deadline:
            return f"It took longer than {order.limits.seconds / 60:g} minutes and was ended."
        if now > measured + MEASURE_SECONDS:
            measured = now
            if size_of(Path(order.work)) > order.limits.disk_bytes:
                return _too_large(order)
        time.sleep(LOOK_SECONDS)
    return ""


def _too_large(order: Order) -> str:
    return f"It needs more than {order.limits.disk_bytes / 2**30:.3g} GiB and was ended."


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the work and all below it: bwrap's death ends its namespace, a session is signalled."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _result(order: Order, log: Log, ended: Ended) -> dict[str, object]:
    work = Path(order.work)
    if ended.reason:
        return {"reason": ended.reason}
    if order.kind != MAKE:
        return _fetched(work)
    if ended.code or making.manifest_of(work) is None:
        return {"reason": told.reason(log.said, ended.code)}
    (work / ORDER).unlink()
    cage.take_back(work)
    size = size_of(work)
    if size > order.limits.disk_bytes:
        return {"reason": _too_large(order)}
    write_json(work / making.MANIFEST, {**(making.manifest_of(work) or {}), "size_bytes": size})
    finished = Path(order.finished)
    shutil.rmtree(finished, ignore_errors=True)
    work.rename(finished)
    return {"reason": "", "size_bytes": size, "warning": told.warning(log.said)}


def _fetched(work: Path) -> dict[str, object]:
    try:
        read = (work / fetching.RESULT).read_bytes()[: 8 << 20]
    except OSError:
        return {"reason": "The repository could not be fetched: it is too large, or its server "
                "too slow."}  # fmt: skip
    return {"fetched": read.decode(errors="replace")}


def size_of(folder: Path) -> int:
    """Return the bytes on the disk below a folder."""
    total = 0
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue  # it is being worked in
    return total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
