"""One at a time over all processes and machines, while transactions come and go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from django.db import OperationalError, connection

from vre_portal.errors import UpstreamTimeout

WAIT_SECONDS = 20


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock of this name; it ends with the connection at the latest.

    A row lock would end with its transaction, but what is done here has to be on disk in between.

    Raises
    ------
    UpstreamTimeout
        Whoever has the lock did not come to an end in time.
    """
    key = int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{WAIT_SECONDS}s"])
        try:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        except OperationalError as exc:
            raise UpstreamTimeout("Your provider is slow. Try again in a moment.") from exc
        finally:
            if not connection.needs_rollback and connection.is_usable():
                cursor.execute("SELECT set_config('lock_timeout', '0', false)")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
