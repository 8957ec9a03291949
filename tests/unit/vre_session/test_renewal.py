"""Tokens are renewed before they end, for as long as a session runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.broker import FakeBroker
from vre_session import broker, renewal, tokens

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LOG = logging.getLogger("session")


@dataclass
class Time:
    """A clock that goes on only while somebody waits; it ends after so many waits."""

    waits: int
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    pauses: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += timedelta(seconds=seconds)
        if len(self.pauses) == self.waits:
            raise asyncio.CancelledError


async def keep(variables: dict[str, str], time: Time, **arguments: object) -> None:
    clock = renewal.Clock(time.now, time.pause)
    with contextlib.suppress(asyncio.CancelledError):
        await renewal.keep_fresh(variables, LOG, audience="rucio", clock=clock, **arguments)  # type: ignore[arg-type]


async def test_failures_wait_longer_and_are_told(
    portal: FakeBroker, variables: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    portal.refuse(503, "Restarting")
    portal.refuse(503, "Restarting")
    portal.lend("second")
    caplog.set_level(logging.INFO)
    time = Time(3)

    await keep(variables, time)

    assert time.pauses[:2] == [5.0, 10.0]
    assert tokens.read(variables, "rucio") == "second"
    assert "The portal answers 503: Restarting" in caplog.text
    assert "second" not in caplog.text


@pytest.mark.parametrize("status", [200, 503])
async def test_an_answer_that_breaks_off_is_asked_for_again(
    portal: FakeBroker, variables: dict[str, str], status: int
) -> None:
    if status == 200:
        portal.lend("half")
    else:
        portal.refuse(status, "Restarting")
    portal.lend("whole")
    portal.breaks = 1

    await keep(variables, Time(2))

    assert tokens.read(variables, "rucio") == "whole"


async def test_what_the_start_fetched_is_not_asked_for_again(
    portal: FakeBroker, variables: dict[str, str]
) -> None:
    time = Time(1)
    lent = broker.Token("first", time.at + timedelta(minutes=10), "ann", "http://rucio.example")
    tokens.save(variables, lent, audience="rucio")

    await keep(variables, time)

    assert portal.asked == []
    assert time.pauses == [pytest.approx(360)]


class Vault:
    """The portal's side: a token of ten minutes is lent until a fifth of its life is left."""

    LIFE = timedelta(minutes=10)

    def __init__(self, time: Time) -> None:
        self._time, self._given = time, 0
        self._ends = time.at

    def lend(self) -> broker.Token:
        if self._ends - self._time.at < self.LIFE / 5:
            self._given, self._ends = self._given + 1, self._time.at + self.LIFE
        return broker.Token(f"token-{self._given}", self._ends, "ann", "http://rucio.example")


async def test_ten_lives_later_there_was_a_valid_token_at_any_moment(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time(30)
    vault = Vault(time)
    monkeypatch.setattr(broker, "ask", lambda _variables, *, audience: vault.lend())
    left: list[float] = []
    told: list[str] = []

    async def pause(seconds: float) -> None:
        known = tokens.loan(variables, "rucio")
        assert known is not None
        left.append((known.expires_at - time.at).total_seconds() - seconds)
        await time.pause(seconds)

    clock = renewal.Clock(time.now, pause)
    began = time.at
    with contextlib.suppress(asyncio.CancelledError):
        await renewal.keep_fresh(
            variables,
            LOG,
            audience="rucio",
            clock=clock,
            renewed=lambda token: told.append(token.text),
        )

    assert time.at - began > 10 * Vault.LIFE
    assert min(left) > 60, "a minute at least is left whenever it asks"
    assert tokens.read(variables, "rucio") == told[-1]
    assert len(set(told)) > 10


def test_pauses_grow_to_five_minutes() -> None:
    assert [renewal.pause_after(n) for n in (1, 2, 3, 20, 10_000)] == [5, 10, 20, 300, 300]


def test_a_token_is_renewed_at_six_tenths_of_its_life() -> None:
    ends = NOW + timedelta(minutes=10)

    assert renewal.renew_in(ends, NOW) == pytest.approx(360)
    assert renewal.renew_in(ends, NOW + timedelta(hours=1)) == renewal.LEAST_PAUSE


@pytest.mark.parametrize("answer", [{}, [], None, {"expires_at": None}])
def test_an_answer_without_a_token_is_an_error_in_words(
    portal: FakeBroker, variables: dict[str, str], answer: Any
) -> None:
    portal.answers["rucio"] = [(200, answer)]

    with pytest.raises(broker.BrokerError, match="no usable answer"):
        broker.ask(variables, audience="rucio")
