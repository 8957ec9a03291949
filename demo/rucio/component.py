"""Rucio as a part of the stack: the server, the daemons, and what the seed puts in them."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.rucio.configuration import configuration_file, write_configuration
from demo.rucio.rest import service
from demo.rucio.storages import CATALOGUE, declare_all
from demo.seed.fill import fill
from demo.stack import REPOSITORY, Component, Stack

STORAGES = tuple(storage.name for storage in CATALOGUE)
THREADS = 16
STALLED_SECONDS = 60


def _server(stack: Stack) -> Sequence[str]:
    return (
        str(stack.python("rucio")),
        "-m",
        "gunicorn",
        "--no-control-socket",
        # One worker: its in-process cache stands for the memcached of a real site.
        *("--workers", "1", "--threads", str(THREADS)),
        *("--bind", f"127.0.0.1:{stack.port_of('rucio')}", "--timeout", "120"),
        # Callers keep pooled connections; gunicorn's two seconds would close them in use.
        *("--keep-alive", "75"),
        "demo.rucio.wsgi:application",
    )


def _daemons(stack: Stack) -> Sequence[str]:
    return (str(stack.python("rucio")), "-m", "demo.rucio.daemons")


def _variables(stack: Stack) -> Mapping[str, str]:
    return {
        "RUCIO_CONFIG": str(configuration_file(stack)),
        # The policy package of the server and the daemons is a part of this repository.
        "PYTHONPATH": str(REPOSITORY),
        "VRE_DEMO_PULSE": str(_pulse(stack)),
    }


def _declare_storages(stack: Stack) -> None:
    declare_all(stack, service(stack))


def _forget_pulse(stack: Stack) -> None:
    _pulse(stack).unlink(missing_ok=True)


def _pulse(stack: Stack) -> Path:
    """Return the file that the daemons touch after each round."""
    return stack.state / "rucio" / "daemons.pulse"


def _server_health(stack: Stack) -> str | None:
    try:
        with urllib.request.urlopen(stack.url("rucio", "/ping"), timeout=5) as answer:
            return None if answer.status == 200 else f"/ping answers {answer.status}"
    except (urllib.error.URLError, OSError) as exc:
        return f"/ping: {exc}"


def _daemons_health(stack: Stack) -> str | None:
    try:
        age = time.time() - _pulse(stack).stat().st_mtime
    except FileNotFoundError:
        return "the first round is not over"
    return None if age < STALLED_SECONDS else f"the last round ended {age:.0f} s ago"


def seed(stack: Stack, large: bool = False) -> None:
    """Put the demo's data into Rucio; quick when it is there already."""
    fill(stack, large=large)


COMPONENTS = (
    Component(
        name="rucio",
        title="Rucio server",
        command=_server,
        health=_server_health,
        needs=("postgres", "iam-escape", "iam-checkin"),
        environments=("rucio",),
        prepare=write_configuration,
        finish=_declare_storages,
        variables=_variables,
        url=lambda stack: stack.url("rucio"),
    ),
    Component(
        name="rucio-daemons",
        title="Rucio daemons",
        command=_daemons,
        health=_daemons_health,
        needs=("rucio",),
        # The two others are the seed's: it follows as soon as all is up.
        environments=("rucio", "seed", "physics", "previews"),
        prepare=_forget_pulse,
        variables=_variables,
    ),
)
ENVIRONMENTS = {
    "rucio": REPOSITORY / "demo" / "rucio" / "requirements.txt",
    "seed": REPOSITORY / "demo" / "seed" / "requirements.txt",
}
