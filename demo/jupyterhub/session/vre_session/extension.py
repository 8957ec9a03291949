"""A Jupyter server extension: signs the side bar in and renews the token file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubAuth

from . import catalogue, renewal
from .launch import AUDIENCE

_running: set[asyncio.Task[None]] = set()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "vre_session.extension"}]


def _load_jupyter_server_extension(server: Any) -> None:
    suffix = os.environ.get("VRE_COOKIE_SUFFIX", "")
    HubAuth.get_session_id = lambda _auth, handler: handler.get_cookie(
        f"jupyterhub-session-id{suffix}", ""
    )
    catalogue.sign_in(str(Path(os.environ["VRE_TOKEN_DIR"], AUDIENCE)))
    # The server loads its extensions before it starts the loop.
    loop = server.io_loop.asyncio_loop
    task = loop.create_task(renewal.keep_fresh(dict(os.environ), server.log, audience=AUDIENCE))
    _running.add(task)  # the loop itself keeps only a weak reference
