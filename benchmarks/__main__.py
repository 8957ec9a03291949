"""``python3 -m benchmarks``: run them all against a running demo and print the figures."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from demo.stack import DEFAULT_STATE, Stack


def main() -> int:
    """Run the benchmarks; 1 when a bound is not kept."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the demo's state folder")
    parser.add_argument("--user", default="researcher", help="who asks")
    parser.add_argument("--scope", default="bulk", help="scope to list: `demo seed --large`")
    parser.add_argument("--rounds", type=int, default=3, help="lists of each kind")
    parser.add_argument("--searches", type=int, default=20, help="searches of each kind")
    parser.add_argument("--calls", type=int, default=200, help="small calls of each kind")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    arguments = parser.parse_args()
    file = arguments.state / "stack.json"
    if not file.exists():
        print(f"No demo in {arguments.state}: start it with `python3 -m demo up --detach`.")
        return 2
    stack = Stack(state=arguments.state, port=json.loads(file.read_text())["port"])
    if importlib.util.find_spec("requests") is None:
        # The portal's own environment has what is needed.
        python = str(stack.python("portal"))
        os.execv(python, [python, "-m", "benchmarks", *sys.argv[1:]])
    from benchmarks import institutions, streams  # noqa: PLC0415 - after the change of environment

    results: list[streams.Result | institutions.Search] = [
        *streams.run(
            stack,
            username=arguments.user,
            scope=arguments.scope,
            rounds=arguments.rounds,
            calls=arguments.calls,
        ),
        *institutions.run(stack, calls=arguments.searches),
    ]
    if arguments.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
    else:
        for result in results:
            print(result.line())
    return 0 if all(result.kept for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
