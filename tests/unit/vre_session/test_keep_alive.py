"""Kernels at work count as activity where their owner wants it."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from vre_session.keep_alive import KeepAlive, note, watch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("on", "busy", "counts"), [(True, 1, True), (True, 0, False), (False, 1, False)]
)
def test_only_work_under_the_choice_counts(
    variables: dict[str, str], on: bool, busy: int, counts: bool
) -> None:
    choice = KeepAlive(variables)
    choice.choose(on=on)
    times: dict[str, datetime] = {}

    note(choice, busy, times, NOW)

    assert times == ({"vre": NOW} if counts else {})


@pytest.mark.parametrize(
    ("told", "on"), [(None, False), ("", False), ("0", False), ("1", True), ("True", True)]
)
def test_it_begins_as_the_session_was_started(
    variables: dict[str, str], told: str | None, on: bool
) -> None:
    given = variables if told is None else variables | {"VRE_KEEP_ALIVE": told}

    assert KeepAlive(given).on is on


def test_the_choice_outlives_a_restart(variables: dict[str, str]) -> None:
    KeepAlive(variables).choose(on=True)
    after = KeepAlive(variables)
    after.choose(on=False)

    assert KeepAlive(variables | {"VRE_KEEP_ALIVE": "1"}).on is False


async def test_it_is_looked_at_again_and_again(variables: dict[str, str]) -> None:
    choice = KeepAlive(variables | {"VRE_KEEP_ALIVE": "1"})
    busy = iter([0, 1])
    times: dict[str, datetime] = {}
    seen: list[bool] = []

    async def pause(_seconds: float) -> None:
        seen.append("vre" in times)
        if len(seen) == 2:
            raise asyncio.CancelledError

    with contextlib.suppress(asyncio.CancelledError):
        await watch(choice, lambda: next(busy), times, pause=pause)

    assert seen == [False, True]
