"""What the adapter to REANA costs: a large file up and down, beside plain requests to the same."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from typing import Any

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
        *(_throughput(way, *told["seconds"][way]) for way in ("upload", "download")),
        *(_memory(way, *told["memory"][way]) for way in ("upload", "download")),
    ]


def _throughput(way: str, adapter: float, direct: float) -> Result:
    here, plain = BYTES / MEBI / adapter, BYTES / MEBI / direct
    ratio = here / plain
    return Result(f"REANA {way}", here, plain, ratio, "MiB/s", ratio >= LEAST_THROUGHPUT)


def _memory(way: str, grown: int, most: int) -> Result:
    name, note = f"REANA {way}, growth of memory", f"peak {most / MEBI:.0f} MiB in all"
    return Result(name, grown / MEBI, 0, 0, "MiB  ", grown <= MOST_MEMORY, note)


def _worker(stack: Stack, token: str, rounds: int) -> dict[str, dict[str, Any]]:
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
    told: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return told
