"""Watches what a command and all below it use, where the kernel has no limit for it."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from demo.reana.limits import size_in_words, time_in_words
from demo.sandbox import descendants

LOOK_SECONDS = 1.0
#: A look at a large workspace takes long; it is taken as seldom as keeps it a fiftieth of the time.
SELDOM = 50
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a command may use; None is not watched (the kernel sees to it)."""

    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    folder_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What processes use: CPU seconds until now, bytes of memory at this moment."""

    cpu_seconds: float = 0.0
    memory_bytes: int = 0


class Watch:
    """Looks at the use of a command now and then."""

    def __init__(self, pid: int, bounds: Bounds, folders: tuple[Path, ...]) -> None:
        self._pid = pid
        self._bounds = bounds
        self._folders = folders
        self._next_look = time.monotonic() + LOOK_SECONDS
        self._next_weighing = self._next_look
        self.cpu_seconds = 0.0

    def exceeded(self) -> str | None:
        """Return what the command used too much of, in words; None most of the time."""
        now = time.monotonic()
        if now < self._next_look:
            return None
        self._next_look = now + LOOK_SECONDS
        use = use_of([self._pid, *descendants(self._pid)])
        # A process whose parent did not wait for it takes its time with it: never go back.
        self.cpu_seconds = max(self.cpu_seconds, use.cpu_seconds)
        return self._over_time() or self._over_memory(use) or self._over_disk(now)

    def last_look(self) -> str | None:
        """Return whether the folder is too large now that the command is over."""
        return self._over_disk(time.monotonic(), at_once=True)

    def _over_time(self) -> str | None:
        limit = self._bounds.cpu_seconds
        if limit is None or self.cpu_seconds <= limit:
            return None
        return f"used more than the {time_in_words(limit)} of CPU time that were left to the run"

    def _over_memory(self, use: Use) -> str | None:
        limit = self._bounds.memory_bytes
        if limit is None or use.memory_bytes <= limit:
            return None
        return memory_exceeded(limit)

    def _over_disk(self, now: float, *, at_once: bool = False) -> str | None:
        limit = self._bounds.folder_bytes
        if limit is None or (now < self._next_weighing and not at_once):
            return None
        taken = sum(weight(folder) for folder in self._folders)
        self._next_weighing = now + max(LOOK_SECONDS, SELDOM * (time.monotonic() - now))
        if taken <= limit:
            return None
        return (
            f"went over the quota of the workspace: {size_in_words(taken)} of"
            f" {size_in_words(limit)}"
        )


def memory_exceeded(limit: int) -> str:
    """Return the words for too much memory."""
    return f"used more than the {size_in_words(limit)} of memory that a run may use"


def use_of(pids: list[int]) -> Use:
    """Return what processes use together, and the time of their ended children."""
    seconds, memory = 0.0, 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        # utime, stime, cutime, cstime and rss, counted from the state: proc(5)
        seconds += sum(int(one) for one in fields[11:15]) / CLOCK_TICKS
        memory += int(fields[21]) * PAGE
    return Use(seconds, memory)


def weight(folder: Path) -> int:
    """Return the bytes on disk of a folder.

    `du` and not a loop: a run may nest folders deeper than Python recurses.
    """
    done = subprocess.run(
        ["du", "--summarize", "--block-size=1", "--one-file-system", "--", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # files that a running step removes meanwhile
        check=False,
    )
    return int(done.stdout.split(b"\t")[0] or 0)
