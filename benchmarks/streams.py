"""What the portal costs on the way to Rucio: a long list, a slow reader, a small call."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import requests

from benchmarks.figures import MEBI, Result, pid_of
from benchmarks.memory import Peak
from benchmarks.person import TIMEOUT, Person, person
from demo.stack import Stack

NDJSON = "application/x-ndjson"
CHUNK = 64 * 1024
SMALL = ("astro", "m13")
SLOW_SECONDS = 4.0
#: Bounds of a machine that does nothing else.
LEAST_THROUGHPUT = 0.9
MOST_MEMORY = 64 * MEBI
MOST_LATER = 0.020
MOST_TIMES = 8.0


@dataclass(frozen=True)
class Listing:
    """How one long list came."""

    bytes: int
    rows: int
    first_byte: float
    seconds: float

    @property
    def speed(self) -> float:
        """MiB/s."""
        return self.bytes / MEBI / self.seconds


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Measure everything with one person; portal and direct in turns."""
    who = person(stack, options.user)
    pid = pid_of(stack, "portal")
    return [
        *_lists(stack, who, options.scope, options.rounds, pid),
        _slow_reader(stack, who, options.scope, pid),
        *_small_calls(stack, who, options.calls),
    ]


def _lists(stack: Stack, who: Person, scope: str, rounds: int, pid: int) -> list[Result]:
    query = f"/dids/{scope}/dids/search?type=all&long=1&filters=" + quote(json.dumps([{}]))
    upstream = stack.url("rucio", query)
    mine = stack.url("portal", f"/api/v1/data/dids?scope={scope}")
    _listing(who.rucio, upstream)
    direct, portal = [], []
    with Peak(pid) as peak:
        for _ in range(rounds):
            direct.append(_listing(who.rucio, upstream))
            portal.append(_listing(who.portal, mine, NDJSON))
    same = {(each.bytes, each.rows) for each in (*direct, *portal)}
    rows = direct[0].rows
    here, there = _median(portal, lambda x: x.speed), _median(direct, lambda x: x.speed)
    first = _median(portal, lambda x: x.first_byte), _median(direct, lambda x: x.first_byte)
    note = f"{rows:,} rows" + ("" if len(same) == 1 else ", BUT NOT THE SAME BYTES")
    return [
        Result(
            "list, throughput", here, there, here / there, "MiB/s",
            here / there >= LEAST_THROUGHPUT and len(same) == 1, note,
        ),
        Result(
            "list, first byte", first[0] * 1000, first[1] * 1000, first[0] / first[1], "ms   ",
            first[0] - first[1] <= MOST_LATER,
        ),
        Result(
            "list, growth of the portal", peak.grown / MEBI, 0.0, peak.most / max(peak.before, 1),
            "MiB  ", peak.grown <= MOST_MEMORY, f"peak {peak.most / MEBI:.0f} MiB in all",
        ),
    ]  # fmt: skip


def _slow_reader(stack: Stack, who: Person, scope: str, pid: int) -> Result:
    address = stack.url("portal", f"/api/v1/data/dids?scope={scope}")
    with Peak(pid) as peak:
        answer = who.portal.get(address, headers={"Accept": NDJSON}, stream=True, timeout=TIMEOUT)
        answer.raise_for_status()
        answer.raw.read(CHUNK)
        time.sleep(SLOW_SECONDS)
        answer.close()
    ratio = peak.most / max(peak.before, 1)
    kept = peak.grown <= MOST_MEMORY
    return Result("slow reader, growth of the portal", peak.grown / MEBI, 0.0, ratio, "MiB  ", kept)


def _small_calls(stack: Stack, who: Person, calls: int) -> list[Result]:
    did = "/".join(SMALL)
    info = stack.url("portal", f"/api/v1/data/dids/{did}")
    files = stack.url("portal", f"/api/v1/data/dids/{did}/files")
    direct_info = stack.url("rucio", f"/dids/{did}?dynamic_depth=FILE")
    direct_files = stack.url("rucio", f"/dids/{did}/files")
    return [
        _compared(
            "small call by Django, p50",
            lambda: _call(who.portal, info),
            lambda: _call(who.rucio, direct_info),
            calls,
        ),
        _compared(
            "small call by the stream, p50",
            lambda: _call(who.portal, files, NDJSON),
            lambda: _call(who.rucio, direct_files),
            calls,
        ),
    ]


def _compared(
    name: str, portal: Callable[[], float], direct: Callable[[], float], calls: int
) -> Result:
    portal()
    direct()
    pairs = [(portal(), direct()) for _ in range(calls)]
    here = statistics.median(pair[0] for pair in pairs) * 1000
    there = statistics.median(pair[1] for pair in pairs) * 1000
    note = f"+{here - there:.1f} ms"
    return Result(name, here, there, here / there, "ms   ", here / there <= MOST_TIMES, note)


def _call(session: requests.Session, address: str, accept: str = "*/*") -> float:
    started = time.perf_counter()
    answer = session.get(address, headers={"Accept": accept}, timeout=TIMEOUT)
    took = time.perf_counter() - started
    answer.raise_for_status()
    return took


def _listing(session: requests.Session, address: str, accept: str = "*/*") -> Listing:
    started = time.perf_counter()
    answer = session.get(address, headers={"Accept": accept}, stream=True, timeout=TIMEOUT)
    answer.raise_for_status()
    first, size, rows = 0.0, 0, 0
    for chunk in answer.raw.stream(CHUNK):
        first = first or time.perf_counter() - started
        size += len(chunk)
        rows += chunk.count(b"\n")
    return Listing(size, rows, first, time.perf_counter() - started)


def _median(listings: list[Listing], figure: Callable[[Listing], float]) -> float:
    return statistics.median(figure(listing) for listing in listings)
