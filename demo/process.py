"""Processes: started with a log, found with all their descendants, stopped, weighed."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LAUNCHER = Path(__file__).with_name("launch.py")
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME")
LOG_LIMIT = 5_000_000
START_MARK = "===== start"


def start(
    command: Sequence[str],
    *,
    log: Path,
    folder: Path,
    variables: Mapping[str, str],
    stop_signal: int,
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; it ends when the calling thread does."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment |= {"PYTHONUNBUFFERED": "1", **variables}
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(stop_signal)]
    with log.open("ab") as stream:
        return subprocess.Popen(
            [*launcher, *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def become_subreaper() -> None:
    """Let orphaned descendants come to this process and not to the machine's first one."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent(stop_signal: int) -> None:
    """Ask the kernel for a signal when the parent process ends."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)


def stop(pid: int, *, stop_signal: int, patience: float, gone: Callable[[], bool]) -> None:
    """Stop one process politely, then its whole session for good."""
    if not gone():
        send(pid, stop_signal)
    if not wait_until(gone, patience):
        send(pid, signal.SIGKILL)
        wait_until(gone, 5.0)
    end_session(pid)


def end_session(leader: int) -> None:
    """End what a session's leader left behind."""
    for pid in session_members(leader):
        send(pid, signal.SIGKILL)


def stop_all(find: Callable[[], Iterable[int]], *, patience: float) -> None:
    """Stop whatever `find` finds, until it finds nothing more."""
    for pid in find():
        send(pid, signal.SIGTERM)
    if wait_until(lambda: not list(find()), patience):
        return
    deadline = time.monotonic() + 10.0
    while (left := list(find())) and time.monotonic() < deadline:
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.05)


def send(pid: int, number: int) -> None:
    """Send a signal to a process which may be gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def wait_until(claim: Callable[[], bool], seconds: float) -> bool:
    """Wait for a claim to become true; tell whether it did."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _table() -> dict[int, tuple[int, int, str]]:
    """Return pid -> (parent, session, state) of every process of the machine."""
    table = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            text = Path(entry.path, "stat").read_text()
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        table[int(entry.name)] = (int(fields[1]), int(fields[3]), fields[0])
    return table


def descendants(pid: int) -> list[int]:
    """Return the living processes below `pid`, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for child, (parent, _, state) in _table().items():
        if state != "Z":
            children.setdefault(parent, []).append(child)
    found = [pid]
    for known in found:
        found += children.get(known, [])
    return found[1:]


def session_members(session: int) -> list[int]:
    """Return the living processes of a session, given by its leader's pid."""
    return [pid for pid, (_, sid, state) in _table().items() if sid == session and state != "Z"]


def memory_mb(pid: int) -> float:
    """Return what a process and its descendants weigh: shared pages by their share (PSS)."""
    return round(sum(_weight_kb(each) for each in [pid, *descendants(pid)]) / 1024, 1)


def _weight_kb(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        return 0  # gone, or of another user
    return 0


def rotate(log: Path) -> None:
    """Put what a log has grown to aside as `<name>.1`, also under a process that goes on writing.

    Every writer appends, so it goes on at the beginning of the emptied file.
    """
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def mark_start(log: Path) -> None:
    """Write a line that parts one life of a component from the next."""
    with log.open("a") as stream:
        stream.write(f"{START_MARK} {time.strftime('%Y-%m-%d %H:%M:%S')}\n")


def output_since_start(log: Path) -> str:
    """Return what a component said in its present life."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return text.rpartition(START_MARK)[2]


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    if not log.exists():
        return ""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 20_000))
        text = stream.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])
