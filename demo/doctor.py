"""What is missing or broken on this machine, and the mend for each."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterable

from demo import parts, ports, record
from demo.bootstrap import Environments, missing_modules
from demo.commands import stack_of
from demo.node.component import machine_folder
from demo.postgres.account import has_user_namespaces
from demo.stack import Stack
from demo.testing import chromium

WANTED_GB = 6

Finding = tuple[str, str]


def run(options: argparse.Namespace) -> int:
    """Print what is wrong; the exit code is 1 when something keeps the demo from starting."""
    stack = stack_of(options)
    broken, notes = list(_broken(stack)), list(_notes(stack))
    for title, mend in broken:
        print(f"broken: {title}\n        {mend}")
    for title, mend in notes:
        print(f"note:   {title}\n        {mend}")
    if not broken:
        print("Nothing keeps the demo from starting.")
    return 1 if broken else 0


def _broken(stack: Stack) -> Iterable[Finding]:
    if sys.platform != "linux":
        yield "the demo runs on Linux only", "Use a Linux machine or container."
    if sentence := missing_modules():
        yield "virtual environments cannot be made", sentence
    if not os.access(_existing(stack), os.W_OK):
        yield f"{stack.state} cannot be written", "Choose another folder with --state DIR."
    if os.getuid() == 0 and not has_user_namespaces() and not shutil.which("setpriv"):
        yield (
            "PostgreSQL refuses root, and neither user namespaces nor setpriv are here",
            "Run the demo as an ordinary user, or `apt-get install util-linux`.",
        )
    free = shutil.disk_usage(_existing(stack)).free / 1e9
    if free < WANTED_GB:
        yield f"only {free:.1f} GB free for {stack.state}", f"Make room: {WANTED_GB} GB are needed."
    yield from _broken_stack(stack)


def _broken_stack(stack: Stack) -> Iterable[Finding]:
    """Look at the stack itself: its port while it stands still, its components while it runs."""
    if not record.is_running(stack.state):
        if record.saved_port(stack.state) and (taken := ports.busy(stack.port)):
            yield ports.explain(taken), "Stop that program, or choose a base with --port N."
        return
    known = record.load_status(stack.state)
    for each in known["components"] if known else []:
        if each["state"] == "failed":
            yield (
                f"{each['name']} failed: {each['note']}",
                f"See `python3 -m demo logs {each['name']}`; then `down` and `up`.",
            )


def _notes(stack: Stack) -> Iterable[Finding]:
    environments = Environments(stack.environments, parts.requirements(), print)
    stale = [name for name in parts.requirements() if not environments.fresh(name)]
    if stale:
        yield f"environments to be built: {', '.join(stale)}", "`up` and `test` build them."
    if machine_folder() is None:
        yield "no Node.js >= 20 with npm on this machine", "`up` takes the one from PyPI (61 MB)."
    if os.getuid() == 0 and not has_user_namespaces():
        yield (
            "user namespaces are off",
            "PostgreSQL runs as `nobody` from a copy below /var/lib/vre-demo.",
        )
    if chromium() is None:
        yield "no Chromium", "`test` installs Debian's as root; else `apt-get install chromium`."


def _existing(stack: Stack) -> str:
    path = stack.state
    while not path.exists():
        path = path.parent
    return str(path)
