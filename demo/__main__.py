"""`python3 -m demo`: the whole real stack by one command, with the standard library only."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - an older one must get a sentence, not a traceback
    sys.exit(f"The demo needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

from demo import commands, doctor, testing


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and run one command."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.run is not testing.run:
        parser.error(f"unknown: {' '.join(rest)}")
    options.pytest = rest
    try:
        code: int = options.run(options)
    except commands.Refusal as exc:
        print(exc, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m demo", description=__doc__)
    places = argparse.ArgumentParser(add_help=False)
    places.add_argument("--state", type=Path, metavar="DIR", help="where all lies (default .demo)")
    chosen = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return chosen.add_parser(
            name, help=text, description=text, parents=[places], allow_abbrev=False
        )

    up = command("up", "start the stack and stand by it until Ctrl-C")
    up.add_argument("--detach", action="store_true", help="return when all is ready")
    up.add_argument("--only", metavar="NAME,...", help="these components and what they need")
    up.add_argument("--port", type=int, metavar="N", help="base port (default 8800)")
    up.add_argument("--providers", metavar="FILE", help="YAML of OpenID providers to add")
    up.set_defaults(run=commands.up)

    command("down", "stop the stack; its data stays").set_defaults(run=commands.down)

    status = command("status", "show what runs, who may sign in, where the bytes lie")
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(run=commands.status)

    logs = command("logs", "show a component's log")
    logs.add_argument("name", help="a component, or `supervisor`")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as it grows")
    logs.set_defaults(run=commands.logs)

    for name, text in (("stop", "stop one component"), ("start", "start a stopped component")):
        one = command(name, f"{text}, while the others go on")
        one.add_argument("names", nargs="+", metavar="NAME")
        one.set_defaults(run=commands.stop if name == "stop" else commands.start)

    code = command("code", "show the one-time code of somebody with a second factor")
    code.add_argument("username")
    code.set_defaults(run=commands.code)

    command("doctor", "say what is missing or broken, and the mend").set_defaults(run=doctor.run)

    seed = command("seed", "put people, data and analyses into the running stack")
    seed.add_argument("--large", action="store_true", help="also scopes with 100,000 DIDs")
    seed.set_defaults(run=commands.seed)

    test = command("test", "check and test everything; what it does not know goes to pytest")
    test.add_argument("--keep", action="store_true", help="leave the stack for another round")
    test.set_defaults(run=testing.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
