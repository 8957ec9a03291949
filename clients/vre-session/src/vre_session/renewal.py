"""Keeps the session's token files fresh for as long as the session runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from vre_session import broker, tokens

#: The portal gives another token when a fifth of the old one's life is left: who asks at 60 % and
#: then at 60 % of the rest has the new one with a sixth of the old one's life to spare.
RENEW_AT = 0.6
LEAST_PAUSE = 1.0
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """How the time is told and spent."""

    now: Callable[[], datetime] = _now
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


async def keep_fresh(
    variables: Mapping[str, str],
    log: logging.Logger,
    *,
    audience: str,
    renewed: Callable[[broker.Token], None] = lambda _token: None,
    clock: Clock | None = None,
) -> None:
    """Renew a token before it ends, and try again with growing pauses when that fails.

    What was fetched at the start is taken up; `renewed` is called with each new token.
    """
    clock = clock or Clock()
    failures = 0
    if (known := tokens.loan(variables, audience)) is not None:
        await clock.pause(renew_in(known.expires_at, clock.now()))
    while True:
        try:
            token = await asyncio.to_thread(broker.ask, variables, audience=audience)
            tokens.save(variables, token, audience=audience)
        except (broker.BrokerError, OSError) as exc:
            failures += 1
            seconds = pause_after(failures)
            log.warning("No fresh token for %s, next try in %d s: %s", audience, seconds, exc)
        else:
            failures = 0
            seconds = renew_in(token.expires_at, clock.now())
            renewed(token)
            log.info("Fresh token for %s, renewed in %d s", audience, seconds)
        await clock.pause(seconds)


def renew_in(expires_at: datetime, now: datetime) -> float:
    """Return the seconds until a token should be asked for anew."""
    return max(RENEW_AT * (expires_at - now).total_seconds(), LEAST_PAUSE)


def pause_after(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row."""
    return min(FIRST_PAUSE * 2.0 ** min(failures - 1, 20), LONGEST_PAUSE)
