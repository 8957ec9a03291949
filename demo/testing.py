"""`demo test`: linters, then pytest against a fresh stack, which is stopped whatever happens."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from demo import certified, parts, ports, process, record
from demo.bootstrap import Environments
from demo.commands import Refusal, stack_at, stack_of
from demo.iam.component import RECORD
from demo.node import component as node
from demo.portal.component import variables
from demo.process import wait_until
from demo.stack import REPOSITORY, Stack

#: Away from the demo's own bases, so that a test round does not take the port of a later start.
FIRST_PORT = 9400
TESTS_VALKEY = 1  # the stack's own queue is number 0
PROCESSES = 2
#: What starts processes and takes ports, freezes services, or changes who people are.
ALONE = (
    "tests/unit/demo",
    "tests/unit/demo_hub",
    "tests/unit/demo_reana",
    "tests/contract/test_data_faults.py",
    "tests/contract/test_one_person.py",
)


def run(options: argparse.Namespace) -> int:
    """Run the checks and the tests; the exit code is pytest's, or 1 where a linter complained."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    own = stack_of(options)
    kept = options.keep and record.is_running(own.state / "test")
    stack = _stack(own.state / "test", fresh=not kept)
    try:
        _make_environments(stack, ["test", "kubespawner", *node.ENVIRONMENTS])
        certified.make(stack)
        _make_chromium()
        starting = None if kept else _start(stack)
        complaints = 0 if options.pytest else _lint(stack)
        if starting is not None and starting.wait() != 0:
            print("The stack did not come up: no tests were run.", file=sys.stderr)
            return 1
        complaints += 0 if options.pytest else _check_types(stack)
        code = _pytest(stack, options.pytest, own.state)
    except KeyboardInterrupt:
        return 130
    finally:
        if not options.keep:
            _stop(stack)
    return code or int(complaints > 0)


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stack(state: Path, *, fresh: bool) -> Stack:
    """Return the tests' own stack, emptied unless a running one is used again."""
    if not fresh:
        port = record.saved_port(state)
        return stack_at(state, port or FIRST_PORT)
    if record.is_running(state):
        _stop(stack_at(state, FIRST_PORT))
    if state.exists():
        shutil.rmtree(state)
    return stack_at(state, ports.free_base(FIRST_PORT))


def _make_environments(stack: Stack, names: list[str]) -> None:
    environments = Environments(stack.environments, parts.requirements(), print)
    for name in names:
        environments.build(name)


def _make_chromium() -> None:
    """Install Debian's Chromium where there is none and where that is possible."""
    if chromium():
        return
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
    if os.getuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False)
        subprocess.run(install, env=quiet, check=False)
    if not chromium():
        raise Refusal("The browser tests need Chromium: run `apt-get install chromium` as root.")


def chromium() -> str | None:
    """Return the machine's Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def _start(stack: Stack) -> subprocess.Popen[bytes]:
    up = [sys.executable, "-m", "demo", "up", "--detach", "--state", str(stack.state)]
    up += ["--port", str(stack.port), "--providers", str(certified.write_providers(stack))]
    return subprocess.Popen(up, cwd=REPOSITORY, env={**os.environ, RECORD: "yes"})


def _stop(stack: Stack) -> None:
    status = record.load_status(stack.state)
    if status is not None and record.is_running(stack.state):
        process.send(status["supervisor"], signal.SIGTERM)
    wait_until(lambda: not record.is_running(stack.state), 90.0)


def _lint(stack: Stack) -> int:
    """Run what needs no stack; return how many of the linters complained."""
    ruff = str(stack.binary("test", "ruff"))
    commands = [
        [ruff, "check", "."],
        [ruff, "format", "--check", "."],
        [str(stack.binary("test", "lint-imports"))],
    ]
    return sum(_complains(command, {}) for command in commands)


def _check_types(stack: Stack) -> int:
    """Run mypy twice: Django's plugin reads the settings, and the demo knows no Django."""
    mypy = str(stack.binary("test", "mypy"))
    plain = [mypy, "--strict", "--config-file=", "--cache-dir=.mypy_cache/demo"]
    plain += [*_demo_modules()]
    settings = test_variables(stack)
    return _complains([mypy], settings) + _complains(plain, {})


def _demo_modules() -> list[str]:
    """Return what the demo's own command imports, all of it the standard library's kin."""
    parts_of_it = sorted((REPOSITORY / "demo").glob("*/component.py"))
    own = sorted((REPOSITORY / "demo").glob("*.py"))
    return [str(path.relative_to(REPOSITORY)) for path in [*own, *parts_of_it]]


def _complains(command: list[str], settings: dict[str, str]) -> bool:
    print(f"$ {' '.join([Path(command[0]).name, *command[1:]])}"[:120], flush=True)
    return subprocess.run(command, cwd=REPOSITORY, env=_with(settings), check=False).returncode != 0


def _pytest(stack: Stack, arguments: list[str], folder: Path) -> int:
    """Run what is asked for, else all: what does not disturb others side by side, then the rest."""
    for report in folder.glob("test-report*.xml"):
        report.unlink()
    if arguments:
        return _run_pytest(stack, arguments, folder / "test-report.xml")
    many = ["-p", "tests.side_by_side", "-n", str(PROCESSES)]
    apart = [f"--ignore={path}" for path in ALONE]
    rounds = {
        "test-report-unit.xml": [*many, "tests/unit", *apart],
        "test-report-contract.xml": [*many, "tests/contract", *apart],
        "test-report.xml": [*ALONE, "tests/e2e"],
    }
    codes = [_run_pytest(stack, what, folder / name) for name, what in rounds.items()]
    return next((code for code in codes if code), 0)


def _run_pytest(stack: Stack, arguments: list[str], report: Path) -> int:
    pytest = [str(stack.python("test")), "-m", "pytest", f"--junitxml={report}", *arguments]
    settings = test_variables(stack)
    return subprocess.run(pytest, cwd=REPOSITORY, env=_with(settings), check=False).returncode


def _with(settings: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "no_proxy": "127.0.0.1,localhost", **settings}


def test_variables(stack: Stack) -> dict[str, str]:
    """Return the settings of the tests' processes: the stack's portal, in a place of their own."""
    chosen = {"VRE_TEST_STACK": str(stack.state), "VRE_ENVIRONMENT": "test"}
    return {**variables(stack), **chosen, "VRE_VALKEY_URL": stack.valkey_url(TESTS_VALKEY)}
