"""The keeper beside a command keeps log and exit code, and ends what has to end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.reana.engine.records import Attempt, Ending, Outcome, Request, take_lock
from demo.reana.engine.watch import Bounds
from demo.stack import REPOSITORY

PATIENCE = 20.0
PATH = "/usr/bin:/bin"
#: A program of a name of its own, so that a test finds what is left of it.
HOARD = "import time; hoard = bytearray(200 << 20); time.sleep(60)"


class Keepers:
    """Starts keepers as the launcher does, without a sandbox."""

    def __init__(self, folder: Path) -> None:
        self.attempt = Attempt(folder / "attempt")
        self.service_lock = folder / "service.lock"
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self._service = take_lock(self.service_lock)

    def start(self, script: str, **asked: Any) -> subprocess.Popen[bytes]:
        """Start a keeper of a shell script."""
        lock = self.attempt.lock()
        assert lock is not None
        wishes: dict[str, Any] = {
            "seconds": 60.0,
            "log_bytes": 10_000,
            "folders": (str(self._folder),),
        } | asked
        self.attempt.ask(
            Request(("/bin/bash", "-c", script), {"PATH": PATH}, str(self._folder), **wishes)
        )
        keeper = subprocess.Popen(
            [
                *(sys.executable, "-m", "demo.reana.engine.keeper"),
                *(str(self.attempt.folder), str(self.service_lock)),
            ],
            env={"PYTHONPATH": str(REPOSITORY)},
            pass_fds=(lock,),
        )
        os.close(lock)
        self._started.append(keeper)
        return keeper

    def log(self) -> str:
        """Return the log as it is now."""
        return self.attempt.log.read_text() if self.attempt.log.exists() else ""

    def ended(self) -> Outcome:
        """Return how the command ended, which is written down by now."""
        outcome = self.attempt.outcome()
        assert outcome is not None
        return outcome

    def close(self) -> None:
        """End what is left."""
        for keeper in self._started:
            keeper.kill()
            keeper.wait()
        if self._service is not None:
            os.close(self._service)


@pytest.fixture
def keepers(tmp_path: Path) -> Iterator[Keepers]:
    """A service's lock, and keepers that end with the test."""
    keepers = Keepers(tmp_path)
    yield keepers
    keepers.close()


def wait_for(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_exit_code_and_both_outputs_are_kept(keepers: Keepers) -> None:
    keepers.start("echo out; echo err >&2; exit 3").wait(PATIENCE)

    outcome = keepers.ended()
    assert (outcome.ending, outcome.code, outcome.detail) == (Ending.EXITED, 3, "")
    assert sorted(keepers.log().split()) == ["err", "out"]


def test_the_log_grows_while_the_command_runs(keepers: Keepers) -> None:
    keepers.start("echo begun; sleep 60")

    wait_for(lambda: keepers.log() == "begun\n")

    assert keepers.attempt.outcome() is None
    assert not keepers.attempt.abandoned()


def test_a_command_that_is_asked_to_end_ends(keepers: Keepers) -> None:
    keeper = keepers.start("echo begun; sleep 60")
    wait_for(lambda: keepers.log() == "begun\n")

    keepers.attempt.ask_end(Ending.STOPPED)
    keeper.wait(PATIENCE)

    assert keepers.ended().ending is Ending.STOPPED


def test_a_command_that_runs_too_long_is_ended(keepers: Keepers) -> None:
    keepers.start("sleep 60", seconds=0.3).wait(PATIENCE)

    assert keepers.ended().ending is Ending.TIMED_OUT


def test_a_keeper_that_is_terminated_says_that_it_was_interrupted(keepers: Keepers) -> None:
    keeper = keepers.start("echo begun; sleep 60")
    wait_for(lambda: keepers.log() == "begun\n")

    keeper.terminate()
    keeper.wait(PATIENCE)

    assert keepers.ended().ending is Ending.INTERRUPTED


def test_a_killed_keeper_leaves_an_abandoned_attempt(keepers: Keepers) -> None:
    keeper = keepers.start("echo begun; exec sleep 1")
    wait_for(lambda: keepers.log() == "begun\n")

    keeper.kill()
    keeper.wait(PATIENCE)

    assert keepers.attempt.abandoned()


def test_a_log_that_is_too_long_is_cut_and_says_so(keepers: Keepers) -> None:
    keepers.start("yes | head -c 100000", log_bytes=1000).wait(PATIENCE)

    assert len(keepers.log()) < 1200
    assert "the rest is dropped" in keepers.log()


def test_a_program_that_is_not_there_is_told_as_refused(keepers: Keepers) -> None:
    lock = keepers.attempt.lock()
    assert lock is not None
    keepers.attempt.ask(Request(("/nowhere",), {}, "/", 1.0, 1000))
    os.close(lock)

    subprocess.run(
        [
            *(sys.executable, "-m", "demo.reana.engine.keeper"),
            *(str(keepers.attempt.folder), str(keepers.service_lock)),
        ],
        env={"PYTHONPATH": str(REPOSITORY)},
        check=True,
    )

    assert keepers.ended().ending is Ending.REFUSED


def test_a_command_that_takes_too_much_cpu_time_is_ended_with_the_reason(keepers: Keepers) -> None:
    bounds = Bounds(cpu_seconds=0.5)

    keepers.start("while :; do :; done", bounds=bounds).wait(PATIENCE)

    assert keepers.ended().ending is Ending.EXCEEDED
    assert keepers.ended().detail.startswith("used more than the 0.5 seconds of CPU time")
    assert keepers.ended().cpu_seconds > 0.5


def test_cpu_time_of_children_is_counted_together(keepers: Keepers) -> None:
    busy = f"{sys.executable} -c 'import time\nwhile time.process_time() < 0.4: pass'"

    keepers.start(f"{busy} & {busy} & wait").wait(PATIENCE)

    assert keepers.ended().cpu_seconds > 0.8


def test_processes_are_watched_together_where_the_kernel_does_not(keepers: Keepers) -> None:
    script = f"{sys.executable} -c '{HOARD}' & {sys.executable} -c '{HOARD}' & wait"
    bounds = Bounds(memory_bytes=300 << 20)

    keepers.start(script, bounds=bounds).wait(PATIENCE)

    assert keepers.ended().ending is Ending.EXCEEDED
    assert "300 MiB of memory" in keepers.ended().detail


def test_a_named_control_group_ends_processes_that_take_too_much_memory_together(
    keepers: Keepers,
) -> None:
    script = f"{sys.executable} -c '{HOARD}' & {sys.executable} -c '{HOARD}' & wait"
    bounds = Bounds(memory_bytes=300 << 20)

    keepers.start(script, bounds=bounds, group="vre-test-memory").wait(PATIENCE)

    assert keepers.ended().ending is Ending.EXCEEDED
    assert "300 MiB of memory" in keepers.ended().detail


def test_a_workspace_that_grows_over_its_quota_ends_the_command(
    keepers: Keepers, tmp_path: Path
) -> None:
    bounds = Bounds(folder_bytes=4 << 20)

    keepers.start(
        "for n in {1..100}; do head -c 1000000 /dev/urandom > $n; done; sleep 60", bounds=bounds
    ).wait(PATIENCE)

    assert keepers.ended().ending is Ending.EXCEEDED
    assert "quota of the workspace" in keepers.ended().detail


def test_a_workspace_that_was_over_its_quota_at_the_end_is_told(keepers: Keepers) -> None:
    bounds = Bounds(folder_bytes=1 << 20)

    keepers.start("head -c 2000000 /dev/urandom > large", bounds=bounds).wait(PATIENCE)

    assert keepers.ended().ending is Ending.EXCEEDED


def test_a_daemon_that_a_command_leaves_behind_is_gone_with_it(keepers: Keepers) -> None:
    script = "(setsid nohup sleep 613 >/dev/null 2>&1 &) ; (setsid sleep 613 &)"

    keepers.start(script, bounds=Bounds(memory_bytes=1 << 30), group="vre-test-daemon").wait(
        PATIENCE
    )

    assert keepers.ended().code == 0
    assert not _running("sleep", "613")


def _running(*command: str) -> bool:
    wanted = "\0".join(command).encode() + b"\0"
    return any(_command(one) == wanted for one in Path("/proc").glob("[0-9]*/cmdline"))


def _command(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
