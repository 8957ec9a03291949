"""One poller for all: what 10,000 watched rules cost Rucio, and when 500 open pages hear of it."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import websockets
from websockets.typing import Origin

from benchmarks import own_portal
from benchmarks.figures import Result
from benchmarks.front import Front
from benchmarks.watched import OPEN_EACH, Page, change, forget_rules, make_requests, make_rules
from demo.rucio.rest import service
from demo.stack import Stack

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
            settings = {
                **own_portal.settings_of(stack, DATABASE, VALKEY_NUMBER, Path(folder)),
                "VRE_RUCIO_URL": front.url,
            }
            pages = _prepare(stack, settings, rules)
            with own_portal.running(stack, settings, Path(folder)):
                return asyncio.run(_measure(stack, settings, front, pages, rules))
    finally:
        with psycopg.connect(stack.database_url("rucio")) as database:
            forget_rules(database)


def _prepare(
    stack: Stack, settings: Mapping[str, str], rules: Sequence[Sequence[str]]
) -> list[Page]:
    own_portal.prepare(stack, settings, DATABASE)
    return make_requests(rules, service(stack).token)


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
