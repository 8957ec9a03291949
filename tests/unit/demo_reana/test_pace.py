"""Each person has a second's worth of calls, filled up as time goes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from demo.reana.errors import TooManyCalls
from demo.reana.services.pace import Pace

ALICE, BOB = uuid4(), uuid4()


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    """Four calls a second."""
    return Pace(4, clock=clock)


def spend(pace: Pace) -> None:
    for _ in range(4):
        pace.take(ALICE)


def test_the_call_after_the_last_is_refused_with_a_time_to_wait(pace: Pace) -> None:
    spend(pace)

    with pytest.raises(TooManyCalls) as refused:
        pace.take(ALICE)

    assert refused.value.retry_after == 1


def test_one_persons_calls_are_not_anothers(pace: Pace) -> None:
    spend(pace)

    pace.take(BOB)


def test_a_bucket_fills_up_again_and_not_beyond(pace: Pace, clock: Clock) -> None:
    spend(pace)
    clock.now += 3600

    spend(pace)

    with pytest.raises(TooManyCalls):
        pace.take(ALICE)


def test_a_rate_of_nothing_is_no_limit(clock: Clock) -> None:
    pace = Pace(0, clock=clock)

    for _ in range(10_000):
        pace.take(ALICE)


def test_a_refused_call_costs_nothing(pace: Pace, clock: Clock) -> None:
    spend(pace)
    for _ in range(10):
        with pytest.raises(TooManyCalls):
            pace.take(ALICE)
    clock.now += 0.25

    pace.take(ALICE)
