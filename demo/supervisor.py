"""The stack's one supervisor: environments, components in their order, the seed, the end of all."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType

from demo import parts, process, record, seeding
from demo.bootstrap import BuildError, Environments
from demo.keeper import Keeper, wire
from demo.people import PEOPLE
from demo.rucio.component import STORAGES
from demo.stack import Component, Stack

#: Told to stop: by Ctrl-C, by `down`, by the terminal's end.
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
#: How long all may take to stop; `down` waits a little longer.
PATIENCE = 60.0


class Supervisor:
    """Starts the chosen components and stands by them until it is told to stop."""

    def __init__(
        self, stack: Stack, chosen: Sequence[Component], say: Callable[[str], None], *, seed: bool
    ) -> None:
        self._stack, self._say, self._seed = stack, say, seed
        self._told = False
        self._stopping = threading.Event()
        self._writing = threading.Lock()
        self._settled = False
        self._problems: list[str] = []
        self._held: frozenset[str] = frozenset()
        self._environments = Environments(stack.environments, parts.requirements(), say)
        self._keepers = [
            Keeper(
                component,
                stack,
                self._environments,
                say=say,
                changed=self._write,
                is_held=lambda name: name in self._held,
                stopping=self._stopping,
            )
            for component in chosen
        ]
        wire(self._keepers)

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return the exit code."""
        for number in ENDINGS:
            signal.signal(number, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
        os.environ["no_proxy"] = "127.0.0.1,localhost"  # what is asked for its health is here
        record.hold(self._stack.state, frozenset())
        self._write()
        self._environments.start(_in_order_of_need(each.component for each in self._keepers))
        for keeper in self._keepers:
            keeper.start()
        threading.Thread(target=self._settle, daemon=True).start()
        while not self._told:
            time.sleep(0.3)
            self._held = record.held(self._stack.state)
            for log in self._stack.folder("logs").glob("*.log"):
                process.rotate(log)
        self._stop()
        return 0

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Nothing with a lock: the handler may interrupt the very code that holds it.
        self._told = True

    def _settle(self) -> None:
        """Wait for the first start of everything, seed, and say that it is ready."""
        began = time.monotonic()
        for keeper in self._keepers:
            keeper.settled.wait()
        if self._stopping.is_set():
            return
        failed = [each.component.name for each in self._keepers if each.state == "failed"]
        up = {each.component.name for each in self._keepers if each.state == "up"}
        if self._seed and not failed:
            failed += seeding.seed(self._stack, up, self._say)
        if failed:
            self._say(f"Not ready: {', '.join(failed)}. The rest runs; `down` stops it.")
        else:
            self._say(
                f"Ready in {time.monotonic() - began:.0f} s: {self._stack.url('portal', '/')}"
            )
        self._problems, self._settled = failed, True
        self._write()
        self._make_the_rest()
        self._environments.compile(self._stopping.is_set)

    def _make_the_rest(self) -> None:
        names = [name for each in self._keepers for name in each.component.later]
        try:
            self._environments.start(names)
            self._environments.wait(names, self._stopping.is_set)
        except BuildError as exc:
            self._say(f"Going on without an environment: {exc}")

    def _stop(self) -> None:
        self._stopping.set()
        self._say("Stopping")
        self._environments.close()
        deadline = time.monotonic() + PATIENCE
        while any(each.is_alive() for each in self._keepers) and time.monotonic() < deadline:
            late = time.monotonic() > deadline - PATIENCE + 5.0
            self._stop_helpers(signal.SIGKILL if late else signal.SIGTERM)
            process.wait_until(lambda: not any(each.is_alive() for each in self._keepers), 1.0)
        self._write()
        self._say("Stopped")

    def _stop_helpers(self, number: int) -> None:
        """Stop what components are waiting for: installers, migrations, the seed."""
        kept = {each.process.pid for each in self._keepers if each.process is not None}
        below = {pid for leader in kept for pid in process.descendants(leader)}
        for pid in process.descendants(os.getpid()):
            if pid not in kept | below:
                process.send(pid, number)

    def _write(self) -> None:
        with self._writing:
            record.save_status(self._stack.state, self._status())

    def _status(self) -> record.Status:
        return {
            "portal": self._stack.url("portal", "/"),
            "supervisor": os.getpid(),
            "settled": self._settled,
            "problems": self._problems,
            "components": [each.status() for each in self._keepers],
            "people": people(self._stack),
            "storages": storages(self._stack),
        }


def _in_order_of_need(components: Iterable[Component]) -> list[str]:
    """Return the environments: first what each component itself runs in, then what it offers."""
    listed = [each.environments for each in components]
    longest = max((len(names) for names in listed), default=0)
    return [names[i] for i in range(longest) for names in listed if i < len(names)]


def people(stack: Stack) -> list[dict[str, object]]:
    """Return who may sign in, with their passwords."""
    return [
        {
            "username": each.username,
            "name": each.name,
            "password": each.password(stack),
            "provider": each.provider,
            "role": each.role,
            "groups": list(each.groups),
        }
        for each in PEOPLE
    ]


def storages(stack: Stack) -> list[dict[str, str]]:
    """Return the storages and the folders their files lie in."""
    return [{"name": name, "path": str(stack.state / "rucio" / "rse" / name)} for name in STORAGES]


def guard(run: Callable[[], int]) -> int:
    """Run the supervisor in a child, and leave no process behind however it ends.

    Orphans of every generation come to this process, so it can end them even when the supervisor
    itself was killed; and the supervisor stops all in order when this process is killed.
    """
    process.become_subreaper()
    # A signal that comes before its handler waits for it: none is lost, none kills half of us.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    child = os.fork()
    if child == 0:
        process.end_with_parent(signal.SIGTERM)
        code = 1
        try:
            code = run()
        finally:
            sys.stdout.flush()
            os._exit(code)
    for number in ENDINGS:
        signal.signal(number, lambda *_: process.send(child, signal.SIGTERM))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
    code = _wait_for(child)
    process.stop_all(_living, patience=8.0)
    return code


def _wait_for(child: int) -> int:
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def _living() -> list[int]:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return []
    return process.descendants(os.getpid())


def say_into(log: Path, *, aloud: bool) -> Callable[[str], None]:
    """Return what prints a line into the supervisor's log and, when wanted, to the terminal."""
    lock = threading.Lock()

    def say(text: str) -> None:
        with lock, log.open("a") as stream:
            stream.write(f"{text}\n")
            if aloud:
                print(text, flush=True)

    return say
