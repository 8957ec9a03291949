"""Who may change a file: only its writer, and only for a day; what exists is never overwritten."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

#: How long somebody may take back or replace what they wrote themselves.
SECONDS = 24 * 3600


class Writers:
    """Remembers for each file that came through the door whose it was, in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def may_change(self, path: str, subject: str) -> bool:
        """Tell whether a subject wrote this path lately."""
        mark = self._mark(path)
        try:
            young = time.time() - mark.stat().st_mtime < SECONDS
            return young and mark.read_text() == subject
        except FileNotFoundError:
            return False

    def note(self, path: str, subject: str) -> None:
        """Remember who wrote a path."""
        self._mark(path).write_text(subject)

    def forget(self, path: str) -> None:
        """Forget who wrote a path that is there no more."""
        self._mark(path).unlink(missing_ok=True)

    def _mark(self, path: str) -> Path:
        return self._folder / hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()
