"""The memory of a process and its children, sampled while something else happens."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

PERIOD = 0.05


class Peak:
    """``with Peak(pid) as peak: ...``: `before` and `most` in bytes."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.before = self.most = memory_of(pid)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def grown(self) -> int:
        """By how much it grew at most."""
        return self.most - self.before

    def _sample(self) -> None:
        while not self._over.wait(PERIOD):
            self.most = max(self.most, memory_of(self._pid))


def memory_of(pid: int) -> int:
    """Return the resident bytes of a process and those below it."""
    own = 0
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                own = int(line.split()[1]) * 1024
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return 0
    return own + sum(memory_of(int(child)) for child in children)
