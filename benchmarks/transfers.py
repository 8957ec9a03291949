"""What the adapter to REANA costs: a large file up and down, beside plain requests to the same."""

from __future__ import annotations

import argparse
import json
import os
import subprocess

from benchmarks.figures import MEBI, Result
from demo.portal.component import variables
from demo.stack import REPOSITORY, Stack
from tests.signin import exchange, sign_in

AUDIENCE = "reana"
BYTES = 500 * MEBI
LEAST_THROUGHPUT = 0.9
MOST_MEMORY = 32 * MEBI


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Let a process with the portal's settings measure both, in turns."""
    token = exchange(stack, sign_in(stack, options.user), AUDIENCE)
    told = _worker(stack, token, options.rounds)
    return [
        *(_throughput(way, *told[way]) for way in ("upload", "download")),
        *(_memory(way, told["memory"][way]) for way in ("upload", "download")),
    ]


def _throughput(way: str, adapter: float, direct: float) -> Result:
    here, plain = BYTES / MEBI / adapter, BYTES / MEBI / direct
    ratio = here / plain
    return Result(f"REANA {way}", here, plain, ratio, "MiB/s", ratio >= LEAST_THROUGHPUT)


def _memory(way: str, grown: int) -> Result:
    name = f"REANA {way}, growth of memory"
    return Result(name, grown / MEBI, 0, 0, "MiB  ", grown <= MOST_MEMORY)


def _worker(stack: Stack, token: str, rounds: int) -> dict[str, dict[str, int] | list[float]]:
    done = subprocess.run(
        [str(stack.python("portal")), "-m", "benchmarks.transfers_worker", str(BYTES), str(rounds)],
        cwd=REPOSITORY,
        env={"PATH": os.defpath, **variables(stack)},
        input=token,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, dict[str, int] | list[float]] = json.loads(done.stdout.splitlines()[-1])
    return told
