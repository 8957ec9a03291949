"""One poller for all: what 10,000 watched rules cost Rucio, and when 500 open pages hear of it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import websockets
from websockets.typing import Origin

from benchmarks.figures import Result
from benchmarks.front import Front
from benchmarks.watched import OPEN_EACH, Page, change, forget_rules, make_requests, make_rules
from demo.portal.component import variables
from demo.rucio.rest import service
from demo.stack import REPOSITORY, Stack

PEOPLE, EACH = 100, 100
DATABASE, VALKEY_NUMBER = "bench_poller", 14
QUIET_SECONDS, TRICKLE_SECONDS, TRICKLE_A_SECOND = 30.0, 20.0, 20
PATIENCE = 60.0
#: What the portal promises.
MOST_REQUESTS, MOST_SECONDS = 5.0, 5.0


@dataclass
class Heard:
    """When each page heard of the last change of its rule."""

    at: dict[str, float]


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Measure a portal of its own on the stack's Rucio, behind a front that counts."""
    rules = make_rules(stack, PEOPLE, EACH)
    try:
        with Front(stack.url("rucio")) as front, tempfile.TemporaryDirectory() as folder:
            settings = _settings(stack, front.url, Path(folder))
            pages = _prepare(stack, settings, rules)
            with _portal(stack, settings, Path(folder)):
                return asyncio.run(_measure(stack, settings, front, pages, rules))
    finally:
        with psycopg.connect(stack.database_url("rucio")) as database:
            forget_rules(database)


def _settings(stack: Stack, rucio: str, folder: Path) -> dict[str, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = variables(stack)
    return {
        "PATH": os.defpath,
        **known,
        "VRE_RUCIO_URL": rucio,
        "VRE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "VRE_COOKIE_SUFFIX": f"_{port}",
        "VRE_WORK_FOLDER": str(folder),
        # The index of DIDs is another question.
        "VRE_HARVEST_MINUTES": "0",
        "VRE_DATABASE_URL": re.sub(r"/portal(\?|$)", f"/{DATABASE}\\1", known["VRE_DATABASE_URL"]),
        "VRE_VALKEY_URL": re.sub(r"/\d+$", f"/{VALKEY_NUMBER}", known["VRE_VALKEY_URL"]),
    }


def _prepare(
    stack: Stack, settings: Mapping[str, str], rules: Sequence[Sequence[str]]
) -> list[Page]:
    with psycopg.connect(stack.database_url("portal"), autocommit=True) as database:
        database.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        database.execute(f"CREATE DATABASE {DATABASE}")
    manage = [str(stack.python("portal")), str(REPOSITORY / "manage.py"), "migrate", "-v", "0"]
    subprocess.run(manage, env=dict(settings), check=True)
    os.environ.update(settings)
    import django  # noqa: PLC0415 - its settings are known by now only

    django.setup()
    from django.core.cache import cache  # noqa: PLC0415 - the same

    cache.clear()
    token = service(stack).token
    return make_requests(rules, token)


@contextmanager
def _portal(stack: Stack, settings: Mapping[str, str], folder: Path) -> Iterator[None]:
    port = settings["VRE_PUBLIC_URL"].rpartition(":")[2]
    pages = [str(stack.binary("portal", "uvicorn")), "vre_portal.asgi:application", "--port", port]
    worker = [str(stack.binary("portal", "celery")), "-A", "vre_portal", "worker", "-B"]
    worker += ["-P", "threads", "-c", "4", "--without-gossip", "--without-mingle"]
    log = (folder / "log").open("wb")
    started = [
        subprocess.Popen(command, env=dict(settings), cwd=folder, stdout=log, stderr=log)
        for command in ([*pages, "--no-access-log", "--no-proxy-headers"], worker)
    ]
    try:
        _wait(settings["VRE_PUBLIC_URL"])
        yield
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


async def _measure(
    stack: Stack,
    settings: Mapping[str, str],
    front: Front,
    pages: Sequence[Page],
    rules: Sequence[Sequence[str]],
) -> list[Result]:
    heard = Heard({})
    ready = asyncio.Semaphore(0)
    tasks = []
    for page in pages:  # one after the other: how fast pages open is not the question
        tasks.append(asyncio.create_task(_page(settings, page, heard, ready)))
        opened = asyncio.create_task(ready.acquire())
        done, _waiting = await asyncio.wait(
            [opened, tasks[-1]], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        if opened not in done:
            raise RuntimeError(f"Page {len(tasks)} did not open.") from _fault(tasks[-1])
    await asyncio.sleep(5)  # the first ticks
    quiet = await _rate(front, QUIET_SECONDS)
    others = [rule for mine in rules for rule in mine[OPEN_EACH:]]
    began = time.monotonic()
    await _trickle(stack, others, TRICKLE_SECONDS)
    busy = front.per_second(began, time.monotonic())
    took, burst = await _burst(stack, front, pages, heard)
    for task in tasks:
        task.cancel()
    many = f"{len(rules) * len(rules[0]):,} watched rules of {len(rules)} people, real Rucio"
    last, median = max(took), statistics.median(took)
    return [
        _rate_result("Rucio, nothing changes", quiet, many),
        _rate_result(f"Rucio, {TRICKLE_A_SECOND} rules/s change", busy, many),
        _rate_result(f"Rucio, {len(pages)} rules change at once", burst, many),
        Result(
            f"last of {len(pages)} open pages hears", last, MOST_SECONDS,
            last / MOST_SECONDS, "s    ",
            last <= MOST_SECONDS, f"median {median:.1f} s; each page its own rule, all at once",
        ),
    ]  # fmt: skip


def _fault(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() else None


def _rate_result(name: str, rate: float, note: str) -> Result:
    kept = rate < MOST_REQUESTS
    return Result(name, rate, MOST_REQUESTS, rate / MOST_REQUESTS, "req/s", kept, note)


async def _page(
    settings: Mapping[str, str], page: Page, heard: Heard, ready: asyncio.Semaphore
) -> None:
    url = settings["VRE_PUBLIC_URL"]
    cookie = f"vre_session{settings['VRE_COOKIE_SUFFIX']}={page.cookie}"
    address = url.replace("http", "ws", 1) + "/ws/live"
    async with websockets.connect(
        address, origin=Origin(url), additional_headers={"Cookie": cookie}, open_timeout=PATIENCE
    ) as wire:
        await wire.send(json.dumps({"watch": [f"replica-request:{page.request}"]}))
        first = json.loads(await wire.recv())
        assert first["event"]["state"] == "replicating", first
        ready.release()
        async for message in wire:
            if json.loads(message)["event"]["state"] == "ok":
                heard.at[page.request] = time.monotonic()


async def _rate(front: Front, seconds: float) -> float:
    began = time.monotonic()
    await asyncio.sleep(seconds)
    return front.per_second(began, time.monotonic())


async def _trickle(stack: Stack, rules: Sequence[str], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        some = random.sample(rules, TRICKLE_A_SECOND)
        await asyncio.to_thread(change, stack, some, done=1)
        await asyncio.sleep(1)


async def _burst(
    stack: Stack, front: Front, pages: Sequence[Page], heard: Heard
) -> tuple[list[float], float]:
    began = time.monotonic()
    await asyncio.to_thread(change, stack, [page.rule for page in pages], done=2)
    changed = time.monotonic()
    while len(heard.at) < len(pages) and time.monotonic() < changed + PATIENCE:
        await asyncio.sleep(0.05)
    took = [heard.at.get(page.request, changed + PATIENCE) - changed for page in pages]
    ended = max(time.monotonic(), began + 10.0)
    await asyncio.sleep(max(0.0, ended - time.monotonic()))
    return took, front.per_second(began, ended)
