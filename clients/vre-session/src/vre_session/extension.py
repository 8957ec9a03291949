"""A Jupyter server extension: renews tokens, signs the side bars in, answers the portal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubAuth

from vre_session import (
    broker,
    catalogue,
    keep_alive,
    lines,
    renewal,
    side_bars,
    surroundings,
    tokens,
)
from vre_session.api import routes
from vre_session.repositories import Bounds, Repositories
from vre_session.state import State, kernels_of
from vre_session.usage import Usage

_running: set[asyncio.Task[None]] = set()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "vre_session.extension"}]


def _load_jupyter_server_extension(server: Any) -> None:
    if "VRE_BROKER_URL" not in os.environ or "JUPYTERHUB_API_TOKEN" not in os.environ:
        server.log.info("This is no session of a portal: vre-session has nothing to do.")
        return
    os.environ.update(surroundings.defaults(os.environ))
    _name_cookie(os.environ.get("VRE_COOKIE_SUFFIX", ""))
    state = _state(server)
    server.log.addHandler(state.log)
    server.web_app.add_handlers(".*$", routes(server.web_app.settings["base_url"], state))
    side_bars.withhold(server.web_app)
    if "rucio" in tokens.audiences(os.environ):
        catalogue.sign_in(str(tokens.path_of(os.environ, "rucio")))
    for audience in tokens.audiences(os.environ):
        variables = dict(os.environ)
        _begin(
            server,
            renewal.keep_fresh(variables, server.log, audience=audience, renewed=_tell_programs),
        )
    times = server.web_app.settings["last_activity_times"]
    busy = lambda: kernels_of(server.kernel_manager).busy  # noqa: E731 - asked at each look
    _begin(server, keep_alive.watch(state.keep_alive, busy, times))


def _state(server: Any) -> State:
    variables = dict(os.environ)
    return State(
        usage=Usage(variables),
        log=lines.Ring(os.environ, lines.said_at_the_start(variables)),
        keep_alive=keep_alive.KeepAlive(variables),
        repositories=Repositories(Path(server.root_dir), Bounds.told(variables)),
    )


def _begin(server: Any, work: Coroutine[Any, Any, None]) -> None:
    # The server loads its extensions before it starts the loop, which keeps only weak references.
    _running.add(server.io_loop.asyncio_loop.create_task(work))


def _tell_programs(_token: broker.Token) -> None:
    """Give this process what side bars ask it for, and what later kernels and terminals inherit."""
    os.environ.update(surroundings.of_services(os.environ))


def _name_cookie(suffix: str) -> None:
    """Read the hub's session id by the name that it has where hubs share a host."""
    HubAuth.get_session_id = lambda _auth, handler: handler.get_cookie(
        f"jupyterhub-session-id{suffix}", ""
    )
