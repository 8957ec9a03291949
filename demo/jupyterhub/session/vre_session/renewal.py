"""Keeps the session's token file fresh for as long as the session runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from . import broker


async def keep_fresh(
    variables: Mapping[str, str],
    log: logging.Logger,
    *,
    audience: str,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Renew the token at 70 % of its life, and try again with growing pauses when that fails."""
    folder = Path(variables["VRE_TOKEN_DIR"])
    failures = 0
    while True:
        try:
            token = await asyncio.to_thread(broker.ask, variables, audience=audience)
            broker.save(token, folder, audience=audience)
        except (broker.BrokerError, OSError) as exc:
            failures += 1
            seconds = broker.pause_after(failures)
            log.warning("No fresh token for %s, next try in %d s: %s", audience, seconds, exc)
        else:
            failures = 0
            seconds = broker.renew_in(token, datetime.now(UTC))
            log.info("Fresh token for %s, renewed in %d s", audience, seconds)
        await pause(seconds)
