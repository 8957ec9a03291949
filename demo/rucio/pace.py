"""How fast the transfer tool works: a shared speed limit and the time that each file costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rucio.common.config import config_get_float, config_get_int

MEGABYTE = 1_000_000


@dataclass
class Lane:
    """The way into the storages of one kind; its bytes per second are shared by its copies."""

    bytes_per_second: float
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    _free_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def carry(self, size: int) -> None:
        """Return when `size` more bytes may have passed."""
        with self._lock:
            begin = max(self._free_at, self.clock())
            self._free_at = begin + size / self.bytes_per_second
            delay = self._free_at - self.clock()
        if delay > 0:
            self.wait(delay)


@dataclass(frozen=True)
class Pace:
    """The lanes to disk and tape, the seconds each file costs beyond its bytes, files at once."""

    disk: Lane
    tape: Lane
    seconds_per_file: float
    files_at_once: int


def read_pace() -> Pace:
    """Return the pace that rucio.cfg sets."""
    return Pace(
        disk=Lane(config_get_float("demo-pace", "disk_megabytes_per_second") * MEGABYTE),
        tape=Lane(config_get_float("demo-pace", "tape_megabytes_per_second") * MEGABYTE),
        seconds_per_file=config_get_float("demo-pace", "seconds_per_file"),
        files_at_once=config_get_int("demo-pace", "files_at_once"),
    )
