"""A JupyterHub of the benchmark's own: the demo's, with its own database, proxy and sessions.

Nobody else's sessions run on it, and it has no limits. With `stubs` its sessions are no processes:
one small server answers for all of them, so that hundreds of them fit on a machine. The hub itself
is the real one then too.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.hub_api import Hub
from demo.jupyterhub import component
from demo.stack import Stack, write_private

PATIENCE = 90.0
CONFIG = Path(__file__).parent / "own_hub_config.py"
MANY = 1000


@contextmanager
def running(stack: Stack, folder: Path, *, portal: str, stubs: str | None = None) -> Iterator[Hub]:
    """Run a hub that knows a portal; `stubs` is the address of what answers for its sessions."""
    state = folder / "hub"
    state.mkdir()
    ports = _free_ports(3)
    public, api, proxy = (f"http://127.0.0.1:{port}" for port in ports)
    settings = component.settings(stack) | {
        "port": ports[0],
        "public_url": public,
        "api_url": api,
        "proxy_api_url": proxy,
        "portal": portal,
        "state": str(state),
        "site_limit": MANY,
        "per_person": MANY,
    }
    write_private(state / "settings.json", json.dumps(settings))
    # Sessions run as other users, who have to come through to their homes.
    folder.chmod(0o711)
    state.chmod(0o711)
    variables = component.variables(stack) | {
        "VRE_HUB_SETTINGS": str(state / "settings.json"),
        "VRE_STUB_SESSIONS": stubs or "",
        "VRE_STUB_SESSIONS_END": str(end_of_stubs(folder)),
        "HOME": os.environ.get("HOME", "/"),
    }
    command = [str(stack.python("hub")), "-m", "jupyterhub", "-f", str(CONFIG)]
    with (state / "log").open("wb") as log:
        hub = subprocess.Popen(
            command, env=variables, cwd=state, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(api, hub, state / "log")
        yield Hub(f"{api}/hub/api", str(settings["service_token"]))
    finally:
        _end(hub)


def end_of_stubs(folder: Path) -> Path:
    """Return the file that ends all sessions that are no processes, once it is there."""
    return folder / "hub" / "end"


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _wait(api: str, hub: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    at = ("127.0.0.1", int(api.rpartition(":")[2]))
    while hub.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(at, timeout=2).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise TimeoutError(f"The hub did not come up:\n{log.read_text()[-3000:]}")


def _end(hub: subprocess.Popen[bytes]) -> None:
    hub.terminate()  # it ends its proxy and its services
    try:
        hub.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(hub.pid, signal.SIGKILL)
        hub.wait(5)
