"""What the portal adds to a start: from the click to the hub's POST, and from "ready" to the page.

Every session is a real one of the stack's light environment, started by the stack's own hub. All
that the portal asks of the hub goes through a front that writes down when each request came.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import websockets
from websockets.typing import Origin

from benchmarks.figures import Result
from benchmarks.front import Front, Seen
from benchmarks.hub_api import Hub
from benchmarks.session_people import Person, browser, send

PATIENCE = 180.0
WISH = {"environment": "light"}
OPTIONS = {"profile": "light"}
#: A step of the follower reads the progress so long (`sessions.services.following`).
STEP_SECONDS = 8.0
MOST_OVERHEAD, MOST_READY = 0.050, 0.5


@dataclass
class Started:
    """What was measured of starts, in seconds but the streams."""

    until_hub: list[float] = field(default_factory=list)
    until_page: list[float] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    direct_arrival: list[float] = field(default_factory=list)
    direct_answer: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    streams: list[int] = field(default_factory=list)


def p95(values: Sequence[float]) -> float:
    """Return what 95 of 100 do not pass: of few values the largest but those."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]


def launches(settings: dict[str, str], front: Front, hub: Hub, people: Sequence[Person]) -> Started:
    """Launch one session a person and cancel it at once; ask the hub itself now and then."""
    told = Started()
    through = Hub(front.url + "/hub/api", settings["VRE_HUB_TOKEN"])
    for number, person in enumerate(people):
        page = browser(settings, person)
        page.get(f"{settings['VRE_PUBLIC_URL']}/sessions/new", timeout=60).raise_for_status()
        clicked = time.monotonic()
        led = send(page, settings, "/sessions/new", WISH)
        told.until_page.append(time.monotonic() - clicked)
        post = _wait_for_post(front, person, clicked)
        told.until_hub.append(post.at - clicked)
        mine = [one for one in list(front.seen) if clicked <= one.at <= post.at]
        told.asked.append(sum(f"/users/{person.handle}" in one.path for one in mine) - 1)
        send(page, settings, f"{led.rstrip('/')}/stop", {})
        _wait_until_gone(led)
        if number % 4 == 0:
            began, server = time.monotonic(), f"direct-{number}"
            told.direct_answer.append(through.start(person.handle, server, OPTIONS))
            told.direct_arrival.append(_wait_for_post(front, person, began).at - began)
            hub.stop(person.handle, server)
    return told


def _wait_for_post(front: Front, person: Person, since: float) -> Seen:
    start = f"/users/{person.handle}/servers/"
    while time.monotonic() < since + PATIENCE:
        for one in reversed(list(front.seen)):
            if one.at < since:
                break
            if one.method == "POST" and start in one.path:
                return one
        time.sleep(0.005)
    raise TimeoutError("The hub was not asked.")


def _wait_until_gone(led: str) -> None:
    from sessions.models import Session  # noqa: PLC0415 - Django has to be set up first
    from vre_portal.models import Operation  # noqa: PLC0415 - Django has to be set up first

    key = led.rstrip("/").rpartition("/")[2]
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        waits = Operation.objects.filter(subject=key, state="waiting").exists()
        if not waits and not Session.objects.get(pk=key).is_active:
            return
        time.sleep(0.25)
    raise TimeoutError(f"{led} was not stopped.")


def starts(settings: dict[str, str], front: Front, hub: Hub, people: Sequence[Person]) -> Started:
    """Start one session a person for real, and hear of it at the hub and on an open page."""
    told = Started()
    for person in people:
        page = browser(settings, person)
        clicked = time.monotonic()
        led = send(page, settings, "/sessions/new", WISH)
        server = _wait_for_post(front, person, clicked).path.rpartition("/")[2]
        at_hub: list[float | Exception] = []
        reader = threading.Thread(target=_read, args=(hub, person, server, at_hub), daemon=True)
        reader.start()
        on_page = asyncio.run(_hear_ready(settings, person, led))
        reader.join(PATIENCE)
        ready = at_hub[0]
        if isinstance(ready, Exception):
            raise ready
        told.ready.append(on_page - ready)
        told.took.append(ready - clicked)
        _count_streams(front, person, told)
        send(page, settings, f"{led.rstrip('/')}/stop", {})
        _wait_until_gone(led)
    return told


def _read(hub: Hub, person: Person, server: str, into: list[float | Exception]) -> None:
    direct = Hub(hub.api, hub.token)  # the connection of this stream only
    try:
        into.append(direct.ready_at(person.handle, server))
    except Exception as exc:  # noqa: BLE001 - the other thread raises it
        into.append(exc)


async def _hear_ready(settings: dict[str, str], person: Person, led: str) -> float:
    url, key = settings["VRE_PUBLIC_URL"], led.rstrip("/").rpartition("/")[2]
    cookie = f"vre_session{settings['VRE_COOKIE_SUFFIX']}={person.cookie}"
    async with websockets.connect(
        url.replace("http", "ws", 1) + "/ws/live", origin=Origin(url),
        additional_headers={"Cookie": cookie}, open_timeout=60,
    ) as wire:  # fmt: skip
        await wire.send(json.dumps({"watch": [f"session:{key}"]}))
        async with asyncio.timeout(PATIENCE):
            async for message in wire:
                event = json.loads(message)["event"]
                if event["state"] == "ready":
                    return time.monotonic()
                if event["state"] not in {"queued", "starting"}:
                    raise RuntimeError(event["message"])
    raise RuntimeError("The websocket was closed.")


def _count_streams(front: Front, person: Person, told: Started) -> None:
    """Count the progress streams of a start."""
    path = f"/users/{person.handle}/servers/"
    mine = [one for one in list(front.seen) if path in one.path and one.path.endswith("/progress")]
    told.streams.append(len(mine))


def results(launched: Started, started: Started) -> list[Result]:
    """Return the figures with their bounds, in milliseconds and in seconds."""
    ms = 1000.0
    mine, direct = launched.until_hub, launched.direct_arrival
    hub = statistics.median(launched.direct_answer) * ms
    many = f"{len(mine)} launches by as many people"
    page = statistics.median(launched.until_page) * ms
    note = f"{many}, {statistics.mean(launched.asked):.1f} other calls to the hub before it"
    lines = [
        Result(
            f"click to hub's POST, {name}", of(mine) * ms, of(direct) * ms, of(mine) / of(direct),
            "ms", kept, said,
        )
        for name, of, kept, said in (
            ("median", statistics.median, True, f"{note}; the hub itself then takes {hub:.0f} ms"),
            ("p95", p95, p95(mine) <= MOST_OVERHEAD, f"browser has its answer in {page:.0f} ms"),
        )
    ]  # fmt: skip
    took = statistics.median(started.took)
    middle = statistics.median(started.ready)
    said = f"{len(started.ready)} starts of {took:.1f} s, median {middle:.3f} s"
    late = p95(started.ready)
    lines.append(
        Result('hub\'s "ready" to page, p95', late, MOST_READY, late / MOST_READY, "s ",
               late <= MOST_READY, said)
    )  # fmt: skip
    short = [
        n for n, took in zip(started.streams, started.took, strict=True) if took < STEP_SECONDS
    ]
    of_all = max(started.streams)
    lines.append(
        Result("progress streams of a start", max(short or [1]), 1, max(short or [1]), "  ",
               max(short or [1]) == 1,
               f"{len(short)} starts below {STEP_SECONDS:.0f} s; a longer one is read in steps, "
               f"{of_all} one after the other for the longest start ({max(started.took):.0f} s)")
    )  # fmt: skip
    return lines
