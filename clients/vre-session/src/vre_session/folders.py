"""How many bytes folders hold, counted in the background and remembered for some minutes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

REMEMBERED_SECONDS = 300.0
PATIENCE_SECONDS = 30.0
#: The server goes on meanwhile: the count rests after so many entries.
BREATH_ENTRIES, BREATH_SECONDS = 2000, 0.02


class TooLong(Exception):
    """There is more in the folder than can be counted in time."""


@dataclass
class Sizes:
    """Sizes of folders: the last count, renewed when it is asked for and old."""

    count: Callable[[Path], int] | None = None
    now: Callable[[], float] = time.monotonic
    _known: dict[Path, tuple[float, int | None]] = field(default_factory=dict)
    _counting: set[Path] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, folder: Path) -> int | None:
        """Return a folder's bytes as last counted; None while that is not known."""
        with self._lock:
            at, size = self._known.get(folder, (-REMEMBERED_SECONDS, None))
            if self.now() - at >= REMEMBERED_SECONDS and folder not in self._counting:
                self._counting.add(folder)
                threading.Thread(target=self._count, args=(folder,), daemon=True).start()
            return size

    def _count(self, folder: Path) -> None:
        try:
            size: int | None = (self.count or size_of)(folder)
        except (OSError, TooLong):
            size = None
        with self._lock:
            self._known[folder] = (self.now(), size)
            self._counting.discard(folder)


def size_of(folder: Path, *, patience: float = PATIENCE_SECONDS) -> int:
    """Return the bytes on disk below a folder, of its own file system; links count as themselves.

    Raises
    ------
    TooLong
        It took longer than `patience` seconds.
    """
    deadline = time.monotonic() + patience
    device, total, entries = folder.stat().st_dev, 0, 0
    several: set[int] = set()
    waiting = [folder]
    while waiting:
        for found in _found_in(waiting.pop()):
            entries += 1
            if entries % BREATH_ENTRIES == 0:
                time.sleep(BREATH_SECONDS)
                if time.monotonic() > deadline:
                    raise TooLong(folder)
            path, stat = found
            if stat.st_dev != device or stat.st_ino in several:
                continue
            if stat.st_nlink > 1 and path is None:
                several.add(stat.st_ino)
            total += stat.st_blocks * 512
            if path is not None:
                waiting.append(path)
    return total


def _found_in(folder: Path) -> list[tuple[Path | None, os.stat_result]]:
    """Return what lies in a folder: its path where it is a folder again, and what is known."""
    found: list[tuple[Path | None, os.stat_result]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                stat = entry.stat(follow_symlinks=False)
                is_folder = entry.is_dir(follow_symlinks=False)
                found.append((Path(entry.path) if is_folder else None, stat))
    except OSError:
        return found  # gone, or not ours to read
    return found
