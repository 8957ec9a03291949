"""One component kept alive: prepared, started, waited for, watched, started again, stopped."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence

from demo import process
from demo.bootstrap import BuildError, Environments
from demo.record import ComponentStatus
from demo.stack import Component, Stack

RESTARTS = 5
#: What was never up is more likely wrong than unlucky.
FIRST_RESTARTS = 2
#: Up for this long, a component is sound again and its restarts are counted anew.
SOUND_SECONDS = 60.0


class StartError(RuntimeError):
    """A component did not come up; the text says why in a few words."""


class Keeper(threading.Thread):
    """The thread of one component.

    It lives as long as its process: the kernel's signal at the parent's end is bound to the very
    thread that started the child.
    """

    def __init__(
        self,
        component: Component,
        stack: Stack,
        environments: Environments,
        *,
        say: Callable[[str], None],
        changed: Callable[[], None],
        is_held: Callable[[str], bool],
        stopping: threading.Event,
    ) -> None:
        super().__init__(name=f"keeper-{component.name}", daemon=True)
        self.component = component
        self.state = "starting"
        self.note = "waiting"
        self.process: subprocess.Popen[bytes] | None = None
        self.settled = threading.Event()
        self.needs: Sequence[Keeper] = ()
        self.needed_by: list[Keeper] = []
        self._stack, self._environments = stack, environments
        self._say, self._changed, self._is_held = say, changed, is_held
        self._stopping = stopping
        self._up_since: float | None = None
        self._log = stack.folder("logs") / f"{component.name}.log"

    def status(self) -> ComponentStatus:
        """Return what `status` shows."""
        alive = self.process is not None and self.process.poll() is None
        return {
            "name": self.component.name,
            "title": self.component.title,
            "url": self.component.url(self._stack),
            "pid": self.process.pid if self.process and alive else None,
            "state": self.state,
            "note": self.note,
        }

    def run(self) -> None:
        """Keep the component until the stack stops, or until it failed too often."""
        try:
            if self._wait_for_needs():
                self._keep()
        except BuildError as exc:
            self._fail(str(exc))
        finally:
            self._end()
            self.settled.set()

    def _wait_for_needs(self) -> bool:
        if not self._environments.wait(self.component.environments, self._stopping.is_set):
            return False
        for need in self.needs:
            while not need.settled.wait(0.05):
                if self._stopping.is_set():
                    return False
            if need.state == "failed":
                self._fail(f"needs {need.component.name}, which failed")
                return False
        return not self._stopping.is_set()

    def _keep(self) -> None:
        restarts = 0
        while not self._stopping.is_set():
            if self._is_held(self.component.name):
                self._stand_still()
                continue
            self._up_since = None
            ending = self._once()
            if self._stopping.is_set() or self._is_held(self.component.name):
                continue
            if self._up_since and time.monotonic() - self._up_since > SOUND_SECONDS:
                restarts = 0
            restarts += 1
            if restarts > (RESTARTS if self.settled.is_set() else FIRST_RESTARTS):
                self._fail(f"{ending}; given up after {restarts - 1} restarts")
                self._say(self._end_of_log())
                return
            pause = 0.5 * 2 ** (restarts - 1)
            self._say(f"{self.component.name}: {ending}; restart {restarts} in {pause:g} s")
            if self.settled.is_set():
                self._say(self._end_of_log())
            self._set("starting", ending)
            self._stopping.wait(pause)

    def _once(self) -> str:
        """Start the process and watch it to its end, which is returned in words."""
        began = time.monotonic()
        self._set("starting", "preparing")
        process.rotate(self._log)
        process.mark_start(self._log)
        try:
            self._launch()
            self._wait_for_health()
            self.component.finish(self._stack)
        except StartError as exc:
            self._end()
            return str(exc)
        except Exception as exc:  # noqa: BLE001 - a component's own code may fail in any way
            with self._log.open("a") as stream:
                traceback.print_exc(file=stream)
            self._end()
            return f"did not start ({str(exc).strip().rpartition(chr(10))[2]})"
        if not self._stopping.is_set():
            self._up_since = time.monotonic()
            self._set("up", "")
            self._say(f"{self.component.name}: up in {self._up_since - began:.1f} s")
            self.settled.set()
        return self._watch()

    def _launch(self) -> None:
        self.component.prepare(self._stack)
        if self._stopping.is_set():
            raise StartError("stopped")
        self._set("starting", "started")
        self.process = process.start(
            self.component.command(self._stack),
            log=self._log,
            folder=self._stack.folder(self.component.name),
            variables=self.component.variables(self._stack),
            stop_signal=self.component.stop_signal,
        )
        self._changed()

    def _wait_for_health(self) -> None:
        deadline = time.monotonic() + self.component.start_seconds
        while (missing := self.component.health(self._stack)) is not None:
            self.note = missing
            if (code := self._exit_code()) is not None:
                raise StartError(f"{_ending(code)} before it was ready")
            if time.monotonic() > deadline:
                raise StartError(f"not ready in {self.component.start_seconds:g} s: {missing}")
            if self._stopping.wait(0.1):
                raise StartError("stopped")

    def _watch(self) -> str:
        while (code := self._exit_code()) is None:
            if self._stopping.wait(0.2) or self._is_held(self.component.name):
                return "stopped"
        process.end_session(self._pid())  # what it left behind would keep its port
        return _ending(code)

    def _stand_still(self) -> None:
        self._end()
        self._set("stopped", "stopped by name")
        self._say(f"{self.component.name}: stopped by name")
        self.settled.set()
        while self._is_held(self.component.name) and not self._stopping.wait(0.2):
            pass

    def _end(self) -> None:
        if self._stopping.is_set():
            for each in self.needed_by:
                each.join(each.component.stop_seconds + 10.0)
        if self.process is not None:
            process.stop(
                self.process.pid,
                stop_signal=self.component.stop_signal,
                patience=self.component.stop_seconds,
                gone=lambda: self._exit_code() is not None,
            )
            self.process = None
        if self.state != "failed":
            self._set("stopped", "")

    def _exit_code(self) -> int | None:
        return self.process.poll() if self.process else 0

    def _pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def _fail(self, why: str) -> None:
        self._set("failed", why.splitlines()[0])
        self._say(f"{self.component.name}: FAILED: {why}")

    def _set(self, state: str, note: str) -> None:
        self.state, self.note = state, note
        self._changed()

    def _end_of_log(self) -> str:
        return "\n".join(f"    | {line}" for line in process.tail(self._log).splitlines())


def _ending(code: int) -> str:
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def wire(keepers: Iterable[Keeper]) -> None:
    """Tell each keeper whom it needs and who needs it."""
    known = {each.component.name: each for each in keepers}
    for each in known.values():
        each.needs = [known[name] for name in each.component.needs if name in known]
        for need in each.needs:
            need.needed_by.append(each)
