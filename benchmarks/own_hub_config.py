"""The demo's hub, and where a benchmark asks for it, sessions that are no processes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.proxy import Proxy
from jupyterhub.spawner import Spawner

import demo.jupyterhub

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - the loader puts it here
load_subconfig(  # type: ignore[name-defined]  # noqa: F821 - the loader puts it here
    str(Path(demo.jupyterhub.__file__).parent / "jupyterhub_config.py")
)


class StubSpawner(Spawner):  # type: ignore[misc]  # jupyterhub ships no types
    """Starts nothing: one server answers for all sessions."""

    runs = False

    async def start(self) -> tuple[str, int]:
        """Return where that server is."""
        self.runs = True
        at = urlsplit(os.environ["VRE_STUB_SESSIONS"])
        return str(at.hostname), int(at.port or 80)

    async def poll(self) -> int | None:
        """Return None as long as it was not stopped, and the benchmark did not end them all."""
        ended = Path(os.environ["VRE_STUB_SESSIONS_END"]).exists()
        return None if self.runs and not ended else 1

    async def stop(self, now: bool = False) -> None:
        """Take note."""
        self.runs = False


class NoProxy(Proxy):  # type: ignore[misc]  # jupyterhub ships no types
    """Keeps the routes that the hub wants, and leads nobody anywhere."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.routes: dict[str, dict[str, Any]] = {}

    async def start(self) -> None:
        """Nothing has to be started."""

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        """Keep a route."""
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec: str) -> None:
        """Forget a route."""
        self.routes.pop(routespec, None)

    async def get_all_routes(self) -> dict[str, dict[str, Any]]:
        """Return all."""
        return dict(self.routes)


c.JupyterHub.services = [one for one in c.JupyterHub.services if one["name"] != "idle-culler"]
c.JupyterHub.load_roles = [one for one in c.JupyterHub.load_roles if one["name"] != "idle-culler"]
if os.environ["VRE_STUB_SESSIONS"]:
    c.JupyterHub.spawner_class = StubSpawner
    c.JupyterHub.proxy_class = NoProxy
    c.Spawner.apply_user_options = lambda spawner, options: None
    c.JupyterHub.concurrent_spawn_limit = 0
else:
    # What an ended benchmark leaves running would run for ever.
    c.JupyterHub.cleanup_servers = True
