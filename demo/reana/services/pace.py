"""How many calls a second a person may make."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from uuid import UUID

from demo.reana.errors import TooManyCalls


class Pace:
    """A bucket of calls for each person: a second's worth at once, filled up as time goes.

    A rate of 0 is no limit.
    """

    def __init__(
        self, calls_per_second: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = calls_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[UUID, tuple[float, float]] = {}

    def take(self, person: UUID) -> None:
        """Count a call.

        Raises
        ------
        TooManyCalls
            The bucket is empty; it says when the next call is answered.
        """
        if not self._rate:
            return
        with self._lock:
            now = self._clock()
            left, seen = self._buckets.get(person, (float(self._rate), now))
            left = min(float(self._rate), left + (now - seen) * self._rate)
            enough = left >= 1
            self._buckets[person] = (left - enough, now)
        if not enough:
            raise TooManyCalls(
                f"More than {self._rate} calls a second; wait a moment and try again.",
                retry_after=math.ceil((1 - left) / self._rate),
            )
