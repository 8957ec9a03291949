"""What the portal costs on the way from the workflow service: a large file, also as a ZIP."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import requests

from benchmarks.figures import MEBI, Result, pid_of
from benchmarks.memory import Peak
from benchmarks.person import person
from demo.stack import Stack
from tests.signin import exchange, sign_in

BYTES = 1024 * MEBI
CHUNK, TIMEOUT = MEBI, 300
LEAST_THROUGHPUT = 0.9
MOST_MEMORY = 64 * MEBI
NAME = "benchmark.bin"
ENDED = {"finished", "failed", "stopped"}


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Put a large file into the workspace of a run, and read it both ways in turns."""
    browser = person(stack, options.user).portal
    direct = requests.Session()
    token = exchange(stack, sign_in(stack, options.user), "reana")
    direct.headers["Authorization"] = f"Bearer {token}"
    portal, runner = stack.url("portal"), stack.url("reana")
    pk, name = _ended_run(browser, portal)
    workspace = f"{runner}/api/workflows/{name}/workspace"
    filled = direct.post(workspace, params={"file_name": NAME}, data=_Zeros(), timeout=TIMEOUT)
    filled.raise_for_status()
    here = f"{portal}/api/v1/runs/{pk}"
    try:
        with Peak(pid_of(stack, "portal")) as peak:
            seconds = _in_turns(
                lambda: _seconds(direct, f"{workspace}/{NAME}"),
                lambda: _seconds(browser, f"{here}/files/content?path={NAME}"),
                lambda: _seconds(browser, f"{here}/archive"),
                rounds=options.rounds,
            )
    finally:
        direct.delete(f"{workspace}/{NAME}", timeout=TIMEOUT)
    straight, file, packed = (BYTES / MEBI / each for each in seconds)
    ratio, kept = file / straight, file >= LEAST_THROUGHPUT * straight
    grown = peak.grown / MEBI
    return [
        Result("1 GiB of a run", file, straight, ratio, "MiB/s", kept),
        Result("1 GiB of a run, as a ZIP", packed, straight, packed / straight, "MiB/s", True),
        Result("growth of the portal", grown, 0, 0, "MiB  ", peak.grown <= MOST_MEMORY),
    ]


class _Zeros:
    """A large body without a block in memory."""

    def __len__(self) -> int:
        return BYTES

    def __iter__(self) -> Iterator[bytes]:
        block = bytes(CHUNK)
        for _ in range(BYTES // CHUNK):
            yield block


def _ended_run(browser: requests.Session, portal: str) -> tuple[str, str]:
    """Return a run of the person's that has ended, and its workflow's name at the service."""
    rows = browser.get(f"{portal}/api/v1/runs", timeout=TIMEOUT).json()["items"]
    for row in rows:
        if row["state"] in ENDED:
            return row["id"], f"vre-{row['id'].replace('-', '')}"
    raise RuntimeError("Reproduce an analysis first: there is no run that has ended.")


def _in_turns(*reads: Callable[[], float], rounds: int) -> list[float]:
    for read in reads:
        read()
    turns = [[read() for read in reads] for _ in range(rounds)]
    return [statistics.median(turn[number] for turn in turns) for number in range(len(reads))]


def _seconds(session: requests.Session, address: str) -> float:
    started, length = time.perf_counter(), 0
    with session.get(address, stream=True, timeout=TIMEOUT) as answer:
        answer.raise_for_status()
        for chunk in answer.raw.stream(CHUNK):
            length += len(chunk)
    if length < BYTES:
        raise RuntimeError(f"{length} bytes came from {address}")
    return time.perf_counter() - started
