"""A value that is the same for everybody, kept for a short while."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Remembers one value a key; errors are not kept."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._values: dict[str, tuple[float, T]] = {}
        self._lock = Lock()

    def get(self, key: str, ask: Callable[[], T]) -> T:
        """Return the kept value, or ask for it; two who ask at once both may."""
        with self._lock:
            found = self._values.get(key)
        if found is not None and time.monotonic() - found[0] < self._seconds:
            return found[1]
        value = ask()
        with self._lock:
            self._values[key] = (time.monotonic(), value)
        return value
