"""What the processes of this session use: memory and processor time, read from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
#: Two calls in a row share a measurement: over less time than this it would be noise.
LEAST_SECONDS = 1.0


@dataclass(frozen=True)
class Process:
    """A process of the session: which one, and the processor time that it has used, seconds."""

    pid: int
    began: int
    seconds: float


def of_session(own_folder: str, *, server: int, proc: Path = PROC) -> list[Process]:
    """Return the user's processes that belong to this session.

    They descend from its server, or carry its folder in their environment, as those do whose
    parent has ended. A user's other sessions may run under the same user id.
    """
    mark = f"VRE_SESSION_DIR={own_folder}".encode()
    found = {pid: stat for pid in _pids(proc) if (stat := _stat(proc / str(pid))) is not None}
    parents = {pid: parent for pid, (parent, _) in found.items()}
    return [
        process
        for pid, (_, process) in found.items()
        if _descends(pid, server, parents) or _carries(proc / str(pid), mark)
    ]


def memory_of(processes: list[Process], *, proc: Path = PROC) -> int:
    """Return the bytes that they hold, what several of them share counted once (PSS)."""
    return sum(_memory(proc / str(process.pid)) for process in processes)


@dataclass
class Meter:
    """How busy processes are, from one look at them to the next."""

    at: float | None = None
    seconds: dict[tuple[int, int], float] = field(default_factory=dict)
    percent: float = 0.0

    def read(self, processes: list[Process], *, now: float | None = None) -> float:
        """Return the percent of one core since the last look; 0 at the first."""
        now = time.monotonic() if now is None else now
        if self.at is not None and now - self.at < LEAST_SECONDS:
            return self.percent
        used = {(each.pid, each.began): each.seconds for each in processes}
        if self.at is not None:
            spent = sum(max(0.0, used[one] - self.seconds.get(one, 0.0)) for one in used)
            self.percent = round(100 * spent / (now - self.at), 1)
        self.at, self.seconds = now, used
        return self.percent


def _pids(proc: Path) -> Iterator[int]:
    uid = os.getuid()
    for entry in os.scandir(proc):
        try:
            if entry.name.isdecimal() and entry.stat().st_uid == uid:
                yield int(entry.name)
        except OSError:
            continue  # it has just ended


def _stat(folder: Path) -> tuple[int, Process] | None:
    """Return a process's parent and itself; None when it is gone."""
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    ticks = int(fields[11]) + int(fields[12])
    seconds = ticks / os.sysconf("SC_CLK_TCK")
    return int(fields[1]), Process(int(folder.name), int(fields[19]), seconds)


def _descends(pid: int, ancestor: int, parents: Mapping[int, int]) -> bool:
    seen: set[int] = set()
    while pid and pid not in seen:
        if pid == ancestor:
            return True
        seen.add(pid)
        pid = parents.get(pid, 0)
    return False


def _carries(folder: Path, mark: bytes) -> bool:
    try:
        return mark in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _memory(folder: Path) -> int:
    try:
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        return int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
