"""A Jupyter server extension: renews the token file for as long as the session runs."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubAuth

from vre_session import broker, catalogue
from vre_session.launch import AUDIENCE

_running: set[asyncio.Task[None]] = set()


async def keep_fresh(variables: Mapping[str, str], log: logging.Logger) -> None:
    """Renew the token at 70 % of its life, and try again with growing pauses when that fails."""
    folder = Path(variables["VRE_TOKEN_DIR"])
    failures = 0
    while True:
        try:
            token = await asyncio.to_thread(broker.ask, variables, audience=AUDIENCE)
            broker.save(token, folder, audience=AUDIENCE)
        except (broker.BrokerError, OSError) as exc:
            failures += 1
            pause = broker.pause_after(failures)
            log.warning("No fresh token for %s, next try in %d s: %s", AUDIENCE, pause, exc)
        else:
            failures = 0
            pause = broker.renew_in(token, datetime.now(UTC))
            log.info("Fresh token for %s, renewed in %d s", AUDIENCE, pause)
        await asyncio.sleep(pause)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "vre_session.extension"}]


def _load_jupyter_server_extension(server: Any) -> None:
    suffix = os.environ.get("VRE_COOKIE_SUFFIX", "")
    HubAuth.get_session_id = lambda _auth, handler: handler.get_cookie(
        f"jupyterhub-session-id{suffix}", ""
    )
    task = (
        asyncio.get_event_loop_policy()
        .get_event_loop()
        .create_task(keep_fresh(dict(os.environ), server.log))
    )
    _running.add(task)  # the loop itself keeps only a weak reference
