"""The shell around each step of a workflow engine tells of it, and ends as its command does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.stack import REPOSITORY

STEP = REPOSITORY / "demo" / "reana" / "engines" / "step.py"


class Step:
    """One run of the shell."""

    def __init__(self, folder: Path) -> None:
        self.events = folder / "events"
        self.events.touch()

    def run(self, script: str, **options: Any) -> int:
        """Run a script in it and return its exit code."""
        described = json.dumps({"name": "fit", "command": script, "image": "root:6"})
        done = subprocess.run(
            [sys.executable, "-S", str(STEP), "1", described, "/bin/bash", "-c", script],
            env={"RUN_EVENTS": str(self.events), "PATH": "/usr/bin:/bin"},
            check=False,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        return done.returncode

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a kind."""
        events = (json.loads(line) for line in self.events.read_text().splitlines())
        return [event for event in events if event["kind"] == kind]

    def log(self) -> str:
        """Return what the step printed."""
        return "".join(event["text"] for event in self.told("log"))


@pytest.fixture
def step(tmp_path: Path) -> Step:
    """A step that has not begun."""
    return Step(tmp_path)


def test_a_step_tells_its_beginning_output_and_end(step: Step) -> None:
    code = step.run("echo out; echo err >&2; exit 3")

    assert code == 3
    assert step.told("begin")[0]["name"] == "fit"
    assert sorted(step.log().split()) == ["err", "out"]
    assert step.told("end")[0]["code"] == 3


def test_output_that_the_engine_sent_to_a_file_stays_there(step: Step, tmp_path: Path) -> None:
    with (tmp_path / "sorted.txt").open("wb") as stream:
        step.run("echo out; echo err >&2", stdout=stream)

    assert (tmp_path / "sorted.txt").read_text() == "out\n"
    assert step.log() == "err\n"


def test_a_step_reads_what_the_engine_gives_it(step: Step) -> None:
    step.run("cat", input=b"given")

    assert step.log() == "given"


def test_a_signal_becomes_an_exit_code_as_in_a_shell(step: Step) -> None:
    assert step.run("kill -9 $$") == 128 + 9


def test_a_step_does_not_know_where_it_is_told_of(step: Step) -> None:
    step.run("echo ${RUN_EVENTS:-nothing}")

    assert step.log() == "nothing\n"


def test_a_step_ends_with_its_command_and_not_with_what_it_left_behind(step: Step) -> None:
    code = step.run("echo begun; sleep 7 & exit 0", timeout=5)

    assert code == 0
    assert step.log() == "begun\n"


def test_a_character_of_several_bytes_is_not_torn_apart(step: Step) -> None:
    step.run(r"printf '\xc3'; sleep 0.3; printf '\xa9'")

    assert step.log() == "é"


def test_a_program_that_is_not_there_is_told(step: Step) -> None:
    described = json.dumps({"name": "fit", "command": "x", "image": ""})
    done = subprocess.run(
        [sys.executable, str(STEP), "1", described, "/nowhere"],
        env={"RUN_EVENTS": str(step.events)},
        check=False,
    )

    assert done.returncode == 127
    assert "cannot be started" in step.log()
