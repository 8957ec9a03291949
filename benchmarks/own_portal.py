"""A portal of a benchmark's own on a stack's services: its database, Valkey and processes."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from demo.portal.component import variables
from demo.stack import REPOSITORY, Stack

PATIENCE = 60.0


@dataclass(frozen=True)
class Processes:
    """The processes of a portal: pages, and the worker with the clock."""

    pages: int
    worker: int


def settings_of(stack: Stack, name: str, valkey: int, folder: Path) -> dict[str, str]:
    """Return the settings of a portal with a database and a Valkey number of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = variables(stack)
    return {
        "PATH": os.defpath,
        **known,
        "VRE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "VRE_COOKIE_SUFFIX": f"_{port}",
        "VRE_WORK_FOLDER": str(folder),
        # The index of DIDs is another question.
        "VRE_HARVEST_MINUTES": "0",
        "VRE_DATABASE_URL": re.sub(r"/portal(\?|$)", f"/{name}\\1", known["VRE_DATABASE_URL"]),
        "VRE_VALKEY_URL": re.sub(r"/\d+$", f"/{valkey}", known["VRE_VALKEY_URL"]),
    }


def prepare(stack: Stack, settings: Mapping[str, str], name: str) -> None:
    """Make the database anew, empty the cache, and set Django up in this process."""
    with psycopg.connect(stack.database_url("portal"), autocommit=True) as database:
        database.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        database.execute(f"CREATE DATABASE {name}")
    manage = [str(stack.python("portal")), str(REPOSITORY / "manage.py"), "migrate", "-v", "0"]
    subprocess.run(manage, env=dict(settings), check=True)
    os.environ.update(settings)
    import django  # noqa: PLC0415 - its settings are known by now only

    django.setup()
    from django.core.cache import cache  # noqa: PLC0415 - the same

    cache.clear()


@contextmanager
def running(
    stack: Stack, settings: Mapping[str, str], folder: Path, *, threads: int = 4
) -> Iterator[Processes]:
    """Run the portal's pages, worker and clock."""
    port = settings["VRE_PUBLIC_URL"].rpartition(":")[2]
    pages = [str(stack.binary("portal", "uvicorn")), "vre_portal.asgi:application", "--port", port]
    worker = [str(stack.binary("portal", "celery")), "-A", "vre_portal", "worker", "-B"]
    worker += ["-P", "threads", "-c", str(threads), "--without-gossip", "--without-mingle"]
    log = (folder / "log").open("wb")
    started = [
        subprocess.Popen(command, env=dict(settings), cwd=folder, stdout=log, stderr=log)
        for command in ([*pages, "--no-access-log", "--no-proxy-headers"], worker)
    ]
    try:
        _wait(settings["VRE_PUBLIC_URL"])
        yield Processes(started[0].pid, started[1].pid)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        log.close()


def _wait(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(f"{url}/healthz"):
        if time.monotonic() > deadline:
            raise TimeoutError("The portal did not come up.")
        time.sleep(0.3)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2)
    except OSError:
        return False
    return True


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and those below it have used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return 0.0
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for child in children)
