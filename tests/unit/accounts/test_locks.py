"""One at a time: who waits, with what, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection

from accounts import locks
from accounts.locks import alone
from vre_portal.config import get_config
from vre_portal.errors import UpstreamTimeout

pytestmark = pytest.mark.django_db(transaction=True)


def ask() -> int:
    """Ask the database something, as a request does when it looks for its session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return int(cursor.fetchone()[0])


def ask_afresh() -> int:
    """Ask with a connection that somebody has to give."""
    connection.close()
    return ask()


@contextmanager
def holder(name: str) -> Iterator[None]:
    """Another thread that is alone with this name for the length of the block."""
    has_it, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with alone(name):
                has_it.set()
                over.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        assert has_it.wait(10)
        try:
            yield
        finally:
            over.set()
            held.result()


def in_threads(count: int, work: Callable[[], int]) -> list[Future[int]]:
    def closing() -> int:
        try:
            return work()
        finally:
            connection.close()

    pool = ThreadPoolExecutor(count)
    started = [pool.submit(closing) for _ in range(count)]
    pool.shutdown(wait=False)
    return started


def test_many_that_wait_leave_the_database_to_others() -> None:
    many = get_config().database_pool_size + 2
    at_the_door = threading.Barrier(many + 1)

    def come() -> int:
        at_the_door.wait(10)
        ask()
        with alone("a person"):
            return ask()

    with holder("a person"):
        waiting = in_threads(many, come)
        at_the_door.wait(10)
        others = [ask_afresh() for _ in range(50)]
        too_early = [one for one in waiting if one.done()]

    assert others == [1] * 50
    assert too_early == []
    assert [one.result(10) for one in waiting] == [1] * many


def test_another_name_does_not_wait() -> None:
    with holder("a person"), alone("somebody else"):
        assert ask() == 1


@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_a_wait_has_an_end(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    with holder("a person"):
        monkeypatch.setattr(locks, "WAIT_SECONDS", seconds)

        with pytest.raises(UpstreamTimeout), alone("a person"):
            pass

    assert ask() == 1


def test_a_wait_for_another_process_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.2)

    with holder("a person"):
        monkeypatch.setattr(locks, "_here", {})  # As in another process.

        with pytest.raises(UpstreamTimeout), alone("a person"):
            pass

    with alone("a person"):
        assert ask() == 1
