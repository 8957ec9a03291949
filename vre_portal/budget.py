"""Questions to a backend asked at once, within the time that a page may wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextvars import copy_context
from typing import Generic, TypeVar

from vre_portal.config import get_config
from vre_portal.errors import PortalError, UpstreamTimeout, UpstreamUnavailable
from vre_portal.health import NAMES, is_down

T = TypeVar("T")
D = TypeVar("D")
THREADS = 32

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="budget")


class Pending(Generic[T]):
    """An answer that may not be there yet."""

    def __init__(self, future: Future[T], service: str, deadline: float) -> None:
        self._future, self._service, self._deadline = future, service, deadline

    def get(self) -> T:
        """Return the answer, or raise what the question raised.

        Raises
        ------
        UpstreamTimeout
            The page's time is up; the question itself goes on until its own time-out.
        """
        try:
            return self._future.result(timeout=max(0.0, self._deadline - time.monotonic()))
        except NotYet as exc:
            self._future.cancel()
            name = NAMES.get(self._service, self._service)
            raise UpstreamTimeout(
                f"{name} is slow at the moment. Try again.", service=self._service
            ) from exc

    def get_or(self, default: D) -> T | D:
        """Return the answer, or the default when there is none in time."""
        try:
            return self.get()
        except PortalError:
            return default


class Budget:
    """A deadline shared by several questions to one backend.

    The functions run in threads without a database connection of the request: they take values.
    """

    def __init__(self, service: str, seconds: float | None = None) -> None:
        self.service = service
        self._deadline = time.monotonic() + (seconds or get_config().page_budget)

    def ask(self, question: Callable[[], T]) -> Pending[T]:
        """Start a question; while the backend is known to be down nobody waits for it."""
        if is_down(self.service):
            future: Future[T] = Future()
            name = NAMES.get(self.service, self.service)
            future.set_exception(
                UpstreamUnavailable(
                    f"{name} does not answer at the moment. Try again in a minute.",
                    service=self.service,
                )
            )
        else:
            future = _pool.submit(copy_context().run, question)
        return Pending(future, self.service, self._deadline)
