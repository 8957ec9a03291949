"""A bounded sample of a long row: every n-th value, evenly over the whole of it."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST = 200_000


class Sample:
    """Every n-th value of what is added, where n doubles each time that they become too many."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._step, self._next = most, 1, 0
        self._parts: list[Any] = []
        self._held = 0

    @property
    def whole(self) -> bool:
        """Whether it has every value."""
        return self._step == 1

    @property
    def values(self) -> Any:
        """What it holds, as doubles."""
        return np.concatenate(self._parts) if self._parts else np.zeros(0)

    def add(self, row: Any) -> None:
        """Take in the next part of the row."""
        chosen = row[self._next :: self._step].astype(np.float64)
        self._next = (self._next - len(row)) % self._step if self._step > 1 else 0
        self._parts.append(chosen)
        self._held += len(chosen)
        while self._held > self._most:
            self._thin()

    def _thin(self) -> None:
        held = self.values
        kept = held[::2].copy()
        # After an even count the next value is one to keep, after an odd one it is skipped.
        self._next += self._step if len(held) % 2 else 0
        self._parts, self._held = [kept], len(kept)
        self._step *= 2
