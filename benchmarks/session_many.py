"""Many sessions: a list of 200, with the hub up and down; 200 that run, and 500 open pages.

The hub is a real one that knows 200 running servers; its sessions are no processes, one small
server answers for all of them.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
import websockets
from websockets.typing import Origin

from benchmarks.figures import Result
from benchmarks.front import Front
from benchmarks.hub_api import Hub
from benchmarks.session_people import Person, browser, make_sessions
from benchmarks.session_starts import OPTIONS, p95

PEOPLE, EACH, PAGES_EACH = 100, 2, 5
LISTED, LISTED_RUNNING, CALLS = 200, 10, 60
#: Each session is asked for the first time within these, with a token of its own.
WARM_SECONDS = 30.0
QUIET_SECONDS, PATIENCE = 60.0, 90.0
MOST_LIST, MOST_CALLS, MOST_SEEN = 0.100, 5.0, 20.0


@dataclass(frozen=True)
class Page:
    """An open page: who looks at which session."""

    cookie: str
    session: str


@contextmanager
def answering() -> Iterator[str]:
    """Answer for all sessions; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """Tell what a session uses, whatever is asked."""
            told = {"memory_bytes": 1 << 28, "cpu_percent": 1.0, "kernels": 1,
                    "at": datetime.now(UTC).isoformat()}  # fmt: skip
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def start_all(hub: Hub, people: Sequence[Person], lister: Person) -> tuple[list[Page], int]:
    """Start sessions at the hub, write their rows, and return the pages that are open on them."""
    names = [[f"s-{number:04x}{i:04x}" for i in range(EACH)] for number in range(len(people))]
    own = [f"s-ffff{i:04x}" for i in range(LISTED)]
    wanted = [(who.handle, one) for who, mine in zip(people, names, strict=True) for one in mine]
    wanted += [(lister.handle, one) for one in own[:LISTED_RUNNING]]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: _start(hub, *one), wanted))
    make_sessions(lister, LISTED, running=LISTED_RUNNING, names=own)
    pages = []
    for who, mine in zip(people, names, strict=True):
        keys = make_sessions(who, EACH, running=EACH, names=mine)
        pages += [Page(who.cookie, keys[i % EACH]) for i in range(PAGES_EACH)]
    return pages, len(wanted)


def _start(hub: Hub, handle: str, name: str) -> None:
    Hub(hub.api, hub.token).start(handle, name, OPTIONS)


def lists(
    settings: Mapping[str, str], front: Front, hub: Hub, lister: Person, running: int
) -> list[Result]:
    """Measure page and API of one person's 200 sessions, with the hub up and down."""
    page = browser(dict(settings), lister)
    url = settings["VRE_PUBLIC_URL"]
    kinds = {"page": f"{url}/sessions/?limit={LISTED}",
             "API": f"{url}/api/v1/sessions?limit={LISTED}"}  # fmt: skip
    direct = statistics.median(hub.active()[0] for _ in range(10)) * 1000
    results = []
    for is_up in (True, False):
        if not is_up:
            front.down()
        for kind, address in kinds.items():
            took = [_seconds(page, address) for _ in range(CALLS + 5)][5:]
            late = p95(took)
            results.append(
                Result(
                    f"list of {LISTED}, {kind}, hub {'up' if is_up else 'down'}, p95",
                    late * 1000, direct, late * 1000 / direct, "ms", late <= MOST_LIST,
                    f"median {statistics.median(took) * 1000:.0f} ms; direct: the hub's own list"
                    f" of {running} servers",
                )
            )  # fmt: skip
    front.up()
    return results


def _seconds(page: requests.Session, address: str) -> float:
    began = time.perf_counter()
    answer = page.get(address, timeout=60)
    took = time.perf_counter() - began
    answer.raise_for_status()
    return took


async def open_pages(
    settings: Mapping[str, str], front: Front, hub: Hub, pages: Sequence[Page], gone: Path
) -> list[Result]:
    """Count what the hub is asked while nothing happens, then let every session die at once."""
    heard: list[list[float]] = [[] for _ in pages]
    opened = asyncio.Semaphore(0)
    wires = []
    for page, times in zip(pages, heard, strict=True):  # one by one: opening is not the question
        wires.append(asyncio.create_task(_watch(settings, page, times, opened)))
        await asyncio.wait_for(opened.acquire(), PATIENCE)
    await asyncio.sleep(WARM_SECONDS)
    began = time.monotonic()
    await asyncio.sleep(QUIET_SECONDS)
    until = time.monotonic()
    asked = [one for one in list(front.seen) if began <= one.at < until]
    listed = sum("/users?" in one.path for one in asked)
    rate = len(asked) / (until - began)
    gone.touch()
    died = time.monotonic()
    known = await asyncio.to_thread(_until_known, hub, died + PATIENCE)
    while not all(heard) and time.monotonic() < died + PATIENCE:
        await asyncio.sleep(0.05)
    for wire in wires:
        wire.cancel()
    took = sorted((times or [died + PATIENCE])[0] - died for times in heard)
    middle = statistics.median(took)
    many = f"{PEOPLE * EACH} sessions, {len(pages)} open pages"
    return [
        Result(
            "calls to the hub, nothing happens", rate, MOST_CALLS, rate / MOST_CALLS, "/s",
            rate <= MOST_CALLS,
            f"{many}: {listed} lists in {until - began:.0f} s, the rest are tokens for meters",
        ),
        Result(
            "all sessions die: the last page hears", took[-1], MOST_SEEN, took[-1] / MOST_SEEN,
            "s ", took[-1] <= MOST_SEEN,
            f"median {middle:.1f} s; the hub itself knew after {known - died:.1f} s",
        ),
    ]  # fmt: skip


async def _watch(
    settings: Mapping[str, str], page: Page, heard: list[float], opened: asyncio.Semaphore
) -> None:
    url = settings["VRE_PUBLIC_URL"]
    cookie = f"vre_session{settings['VRE_COOKIE_SUFFIX']}={page.cookie}"
    async with websockets.connect(
        url.replace("http", "ws", 1) + "/ws/live", origin=Origin(url),
        additional_headers={"Cookie": cookie}, open_timeout=PATIENCE,
    ) as wire:  # fmt: skip
        topics = [f"session:{page.session}", f"session-usage:{page.session}"]
        await wire.send(json.dumps({"watch": topics}))
        await wire.recv()
        opened.release()
        async for message in wire:
            if json.loads(message)["event"].get("state") == "stopped":
                heard.append(time.monotonic())
                return


def _until_known(hub: Hub, deadline: float) -> float:
    """Return when the hub's own list had none of the sessions any more."""
    while hub.active()[1] and time.monotonic() < deadline:
        time.sleep(0.2)
    return time.monotonic()
