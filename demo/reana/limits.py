"""What a run may use, and how it is told that it used more."""

from __future__ import annotations

from dataclasses import dataclass

from demo.sandbox import Limits

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Limits of a run as a whole: seconds of wall and CPU time, bytes, numbers of processes."""

    seconds: float = 4 * 3600.0
    cpu_seconds: float = 4 * 3600.0
    memory_bytes: int = 4 * GIB
    processes: int = 256
    file_bytes: int = 4 * GIB
    workspace_bytes: int = 20 * GIB

    @property
    def of_a_process(self) -> Limits:
        """Return what the kernel holds each process to; the processes are counted together."""
        return Limits(
            memory_bytes=self.memory_bytes,
            processes=self.processes,
            file_bytes=self.file_bytes,
            cpu_seconds=max(int(self.cpu_seconds), 1),
        )


def size_in_words(size: int) -> str:
    """Return a number of bytes as people say it."""
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} GiB"


def time_in_words(seconds: float) -> str:
    """Return a time span as people say it."""
    if seconds < 120:
        return f"{seconds:.3g} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.3g} minutes"
    return f"{seconds / 3600:.3g} hours"
