"""Search over a million DIDs in a database of its own; how quickly Rucio is read into the index."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import time
from urllib.parse import quote

import requests

from benchmarks.figures import Result
from demo.portal.component import variables
from demo.stack import REPOSITORY, Stack

ROWS = 1_000_000
#: Milliseconds that 95 of 100 searches may take, and DIDs a second that are read at least.
MOST_MILLISECONDS = 100.0
LEAST_RATE = 5000.0
TIMEOUT = 120


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Ask each question so often, then read a scope; the database stays for the next time."""
    return [*_searches(stack, options.searches), *_harvest(stack, options.scope)]


def _worker(stack: Stack, *arguments: str) -> object:
    done = subprocess.run(
        [str(stack.python("portal")), "-m", "benchmarks.index_worker", *arguments],
        cwd=REPOSITORY,
        env={"PATH": os.defpath, **variables(stack)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _searches(stack: Stack, times: int) -> list[Result]:
    told = _worker(stack, "search", str(ROWS), str(times))
    assert isinstance(told, list)
    found = []
    for row in told:
        mine, expert = _p95(row["search"]), _p95(row["direct"])
        note = f"{row['found']} shown, facets {_p95(row['facets']):.0f} ms"
        name = f"index: {row['name']}"
        found.append(Result(name, mine, expert, mine / expert, "ms p95", True, note))
    searches = [span for row in told for span in row["search"]]
    experts = [span for row in told for span in row["direct"]]
    mine, expert = _p95(searches), _p95(experts)
    kept = mine <= MOST_MILLISECONDS
    found.append(Result("index: all of them", mine, expert, mine / expert, "ms p95", kept))
    return found


def _harvest(stack: Stack, scope: str) -> list[Result]:
    """Read all names of a scope afresh, beside the same list straight from Rucio."""
    begun = time.perf_counter()
    rows = sum(1 for _ in _raw(stack, scope))
    direct = rows / (time.perf_counter() - begun)
    told = _worker(stack, "harvest", scope)
    assert isinstance(told, dict)
    mine = told["dids"] / told["seconds"]
    kept = mine >= LEAST_RATE
    return [Result("harvest: names", mine, direct, mine / direct, "DIDs/s", kept, f"{rows} DIDs")]


def _raw(stack: Stack, scope: str) -> list[bytes]:
    login = {
        "X-Rucio-Account": "root",
        "X-Rucio-Username": "root",
        "X-Rucio-Password": stack.secret("rucio-root"),
    }
    session = requests.Session()
    session.trust_env = False
    told = session.get(stack.url("rucio", "/auth/userpass"), headers=login, timeout=TIMEOUT)
    session.headers["X-Rucio-Auth-Token"] = told.headers["X-Rucio-Auth-Token"]
    query = f"/dids/{scope}/dids/search?type=all&long=1&filters=" + quote(json.dumps([{}]))
    answer = session.get(stack.url("rucio", query), stream=True, timeout=TIMEOUT)
    answer.raise_for_status()
    return [line for line in answer.iter_lines(chunk_size=65536) if line]


def _p95(spans: list[float]) -> float:
    found = sorted(spans)
    return found[math.ceil(len(found) * 0.95) - 1]
