"""``python3 -m benchmarks [suite ...]``: run them against a running demo and print the figures."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from demo.stack import DEFAULT_STATE, Stack

#: Modules of this package with ``run(stack, options)``, which returns figures.
SUITES = (
    *("streams", "downloads", "did_pages", "institutions", "poller", "sessions", "many_sessions"),
    *("index", "transfers", "comparing", "runs", "reproducing", "run_transfers", "campaigns"),
)
#: What the suites import; not every Python at hand has it.
NEEDED = ("psycopg", "requests", "websockets", "pydantic")


def main() -> int:
    """Run the chosen suites, else all; 1 when a bound is not kept."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], help="which; all unless given")
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the demo's state folder")
    parser.add_argument("--user", default="researcher", help="who asks")
    parser.add_argument("--scope", default="bulk", help="scope to list: `demo seed --large`")
    parser.add_argument("--rounds", type=int, default=3, help="lists of each kind")
    parser.add_argument("--searches", type=int, default=20, help="searches of each kind")
    parser.add_argument("--calls", type=int, default=200, help="small calls of each kind")
    parser.add_argument("--launches", type=int, default=40, help="sessions launched and cancelled")
    parser.add_argument("--starts", type=int, default=10, help="sessions started for real")
    parser.add_argument("--points", type=int, default=200, help="points of a campaign")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    options = parser.parse_args()
    file = options.state / "stack.json"
    if not file.exists():
        print(f"No demo in {options.state}: start it with `python3 -m demo up --detach`.")
        return 2
    stack = Stack(state=options.state.resolve(), port=json.loads(file.read_text())["port"])
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        # The portal's own environment has what is needed.
        python = str(stack.python("portal"))
        os.execv(python, [python, "-m", "benchmarks", *sys.argv[1:]])
    names = options.suites or SUITES
    if len(names) > 1:
        return _each(names, options)
    results = []
    for figure in importlib.import_module(f"benchmarks.{names[0]}").run(stack, options):
        results.append(figure)
        if not options.json:
            print(figure.line(), flush=True)
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
    return 0 if all(result.kept for result in results) else 1


def _each(names: Sequence[str], options: argparse.Namespace) -> int:
    """Run each suite in a process of its own: a portal of its own has settings of its own."""
    rest = [one for one in sys.argv[1:] if one not in options.suites]
    codes: list[int] = []
    told: list[object] = []
    for name in names:
        command = [sys.executable, "-m", "benchmarks", name, *rest]
        done = subprocess.run(
            command, stdout=subprocess.PIPE if options.json else None, check=False
        )
        codes.append(done.returncode)
        told += json.loads(done.stdout or "[]") if options.json else []
    if options.json:
        print(json.dumps(told, indent=1))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
