"""The keeper beside a command keeps log and exit code, and ends what has to end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.reana.engine.records import Attempt, Ending, Outcome, Request, take_lock
from demo.stack import REPOSITORY

PATIENCE = 20.0


class Keepers:
    """Starts keepers as the launcher does, without a sandbox."""

    def __init__(self, folder: Path) -> None:
        self.attempt = Attempt(folder / "attempt")
        self.service_lock = folder / "service.lock"
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self._service = take_lock(self.service_lock)

    def start(
        self, script: str, *, seconds: float = 60.0, log_bytes: int = 10_000
    ) -> subprocess.Popen[bytes]:
        """Start a keeper of a shell script."""
        lock = self.attempt.lock()
        assert lock is not None
        self.attempt.ask(
            Request(("/bin/sh", "-c", script), {}, str(self._folder), seconds, log_bytes)
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

    assert keepers.attempt.outcome() == Outcome(Ending.EXITED, 3)
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

    outcome = keepers.attempt.outcome()
    assert outcome is not None
    assert outcome.ending is Ending.STOPPED


def test_a_command_that_runs_too_long_is_ended(keepers: Keepers) -> None:
    keepers.start("sleep 60", seconds=0.3).wait(PATIENCE)

    outcome = keepers.attempt.outcome()
    assert outcome is not None
    assert outcome.ending is Ending.TIMED_OUT


def test_a_keeper_that_is_terminated_says_that_it_was_interrupted(keepers: Keepers) -> None:
    keeper = keepers.start("echo begun; sleep 60")
    wait_for(lambda: keepers.log() == "begun\n")

    keeper.terminate()
    keeper.wait(PATIENCE)

    outcome = keepers.attempt.outcome()
    assert outcome is not None
    assert outcome.ending is Ending.INTERRUPTED


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

    outcome = keepers.attempt.outcome()
    assert outcome is not None
    assert outcome.ending is Ending.REFUSED
