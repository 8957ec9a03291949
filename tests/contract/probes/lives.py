"""The session's own renewal against the real broker; a life ends when the test says so."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from hashlib import sha256
from pathlib import Path

from vre_session import renewal, tokens

LIVES = 10
AUDIENCES = ("rucio", "reana")


class Lives:
    """Both services' renewals wait here until the test has made their tokens old."""

    def __init__(self) -> None:
        self.number = 0
        self.waiting = 0
        self.over = asyncio.Condition()

    async def pause(self, _seconds: float) -> None:
        """Tell which tokens there are, and wait for the end of their life."""
        async with self.over:
            number, self.waiting = self.number, self.waiting + 1
            if self.waiting < len(AUDIENCES):
                await self.over.wait_for(lambda: self.number > number)
                return
            self._tell(number)
            while not Path(f"over-{number}").exists():
                await asyncio.sleep(0.1)
            self.number, self.waiting = number + 1, 0
            self.over.notify_all()

    def _tell(self, number: int) -> None:
        texts = {name: tokens.token(name) for name in AUDIENCES}
        digests = {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}
        tokens.write_private(Path.cwd() / f"life-{number}.json", json.dumps(digests))
        for name, text in texts.items():
            tokens.write_private(Path.cwd() / f"token-{name}", text)


async def main() -> None:
    """Renew both tokens until their lives are over."""
    lives, log = Lives(), logging.getLogger("lives")
    clock = renewal.Clock(pause=lives.pause)
    keepers = [
        asyncio.create_task(renewal.keep_fresh(os.environ, log, audience=name, clock=clock))
        for name in AUDIENCES
    ]
    while lives.number <= LIVES:
        await asyncio.sleep(0.1)
    for keeper in keepers:
        keeper.cancel()


logging.basicConfig(level=logging.INFO)
asyncio.run(main())
