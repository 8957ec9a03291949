"""One at a time over all processes and machines, while transactions come and go."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from weakref import WeakValueDictionary

from django.db import OperationalError, connection

from vre_portal.errors import UpstreamTimeout

WAIT_SECONDS = 20.0

_naming = threading.Lock()
_here: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Be the only one with this name; whoever else comes waits. Not to be nested.

    Raises
    ------
    UpstreamTimeout
        Whoever is first did not come to an end in time.
    """
    until = time.monotonic() + WAIT_SECONDS
    with _alone_here(name, until), _alone_everywhere(name, until):
        yield


@contextmanager
def _alone_here(name: str, until: float) -> Iterator[None]:
    """Let one thread of this process go on to the database; the others wait without a connection.

    A process has few connections: the requests of one person whose provider is slow would
    otherwise take them all, and everybody else would wait too.
    """
    with _naming:
        lock = _here.setdefault(name, threading.Lock())
    if not lock.acquire(blocking=False):
        if not connection.in_atomic_block:
            connection.close()  # Back to the pool; the next query takes one again.
        if not lock.acquire(timeout=_left(until)):
            raise _slow()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _alone_everywhere(name: str, until: float) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock of this name; it ends with the connection at the latest.

    A row lock would end with its transaction, but what is done here has to be on disk in between.
    """
    key = int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
    wait = f"{max(1, int(_left(until) * 1000))}ms"  # 0 would be for ever
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [wait])
        try:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        except OperationalError as exc:
            raise _slow() from exc
        finally:
            if not connection.needs_rollback and connection.is_usable():
                cursor.execute("SELECT set_config('lock_timeout', '0', false)")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())


def _slow() -> UpstreamTimeout:
    return UpstreamTimeout("Your provider is slow. Try again in a moment.")
