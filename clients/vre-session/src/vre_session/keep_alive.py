"""Whether kernels at work count as activity, so that no long computation is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path

from vre_session import tokens

LOOK_SECONDS = 20.0
SETTING = "vre"


class KeepAlive:
    """The user's choice, kept in the session's folder over a restart."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._file = Path(variables["VRE_SESSION_DIR"], "keep-alive")
        try:
            told = self._file.read_text().strip()
        except OSError:
            told = variables.get("VRE_KEEP_ALIVE", "").strip().lower()
        self.on = told in {"on", "1", "true", "yes"}

    def choose(self, *, on: bool) -> None:
        """Turn it on or off, from now on and after a restart."""
        self.on = on
        tokens.write_private(self._file, "on" if on else "off")


async def watch(
    choice: KeepAlive,
    busy: Callable[[], int],
    times: MutableMapping[str, datetime],
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Count a kernel at work as activity while that is chosen.

    `times` is what the server takes the latest of (`last_activity_times`), and the hub is told.
    """
    while True:
        note(choice, busy(), times, datetime.now(UTC))
        await pause(LOOK_SECONDS)


def note(choice: KeepAlive, busy: int, times: MutableMapping[str, datetime], now: datetime) -> None:
    """Note activity when there is some that counts."""
    if choice.on and busy:
        times[SETTING] = now
