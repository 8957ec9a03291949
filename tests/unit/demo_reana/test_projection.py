"""Jobs and logs as a workflow engine tells of them, and as a hostile run might."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demo.reana.engine import projection
from demo.reana.engine.projection import Projection
from demo.reana.values import Status


class Engine:
    """Tells events as the drivers do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events = folder / "events"
        self.events.touch()

    def tell(self, **event: Any) -> None:
        """Append one event."""
        self.tell_line(json.dumps(event).encode() + b"\n")

    def tell_line(self, line: bytes) -> None:
        """Append bytes, whatever they are."""
        with self.events.open("ab") as stream:
            stream.write(line)

    def begin(self, key: str, name: str) -> None:
        """Tell that a step starts."""
        self.tell(kind="begin", key=key, name=name, command=f"run {name}", image="root:6", time=1)

    def reader(self, *, log_bytes: int = 1000) -> Projection:
        """Return a projection that begins at the first event."""
        return Projection(self.events, self.log, log_bytes=log_bytes)

    def log(self, position: int) -> Path:
        """Return where the log of a step is."""
        return self.folder / str(position) / "log"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine that has told nothing yet."""
    return Engine(tmp_path)


def test_planned_steps_wait_until_they_begin(engine: Engine) -> None:
    reader = engine.reader()
    engine.tell(kind="plan", steps=["arrange", "greet"])
    engine.begin("1", "greet")

    reader.read()

    assert [(step.step, step.status) for step in reader.steps] == [
        ("arrange", Status.QUEUED),
        ("greet", Status.RUNNING),
    ]


def test_only_what_changed_is_told_again(engine: Engine) -> None:
    reader = engine.reader()
    engine.tell(kind="plan", steps=["arrange", "greet"])
    reader.read()
    engine.begin("1", "arrange")

    changed = reader.read()

    assert [step.step for step in changed] == ["arrange"]
    assert reader.read() == []


def test_several_steps_of_one_name_are_several_jobs(engine: Engine) -> None:
    reader = engine.reader()
    engine.tell(kind="plan", steps=["fit", "fit"])
    for key in ("1", "2", "3"):
        engine.begin(key, "fit")
    engine.tell(kind="end", key="2", code=1, time=2)

    reader.read()

    states = [step.status for step in reader.steps]
    assert states == [Status.RUNNING, Status.FAILED, Status.RUNNING]


def test_a_plan_that_grows_adds_only_what_is_new(engine: Engine) -> None:
    reader = engine.reader()
    engine.tell(kind="plan", steps=["map"])
    engine.begin("1", "map")
    engine.tell(kind="plan", steps=["map", "map", "reduce"])

    reader.read()

    assert [step.step for step in reader.steps] == ["map", "map", "reduce"]


def test_logs_of_steps_side_by_side_do_not_mix(engine: Engine) -> None:
    reader = engine.reader()
    for key in ("1", "2"):
        engine.begin(key, f"step-{key}")
    for text in ("a", "b"):
        for key in ("1", "2"):
            engine.tell(kind="log", key=key, text=f"{key}{text} ")

    reader.read()

    assert engine.log(0).read_text() == "1a 1b "
    assert engine.log(1).read_text() == "2a 2b "


def test_a_log_is_cut_where_there_is_no_more_room(engine: Engine) -> None:
    reader = engine.reader(log_bytes=10)
    engine.begin("1", "loud")
    for _ in range(5):
        engine.tell(kind="log", key="1", text="x" * 8)

    reader.read()

    assert engine.log(0).read_text() == "x" * 10


def test_a_restarted_service_finds_the_same_jobs_and_logs(engine: Engine) -> None:
    first = engine.reader()
    engine.tell(kind="plan", steps=["arrange", "greet"])
    engine.begin("1", "greet")
    engine.tell(kind="log", key="1", text="hello")
    first.read()

    second = engine.reader()
    second.read()

    assert second.steps == first.steps
    assert engine.log(1).read_text() == "hello"


def test_half_a_line_waits_for_its_other_half(engine: Engine) -> None:
    reader = engine.reader()
    engine.tell_line(b'{"kind": "plan", "st')
    reader.read()
    engine.tell_line(b'eps": ["arrange"]}\n')

    reader.read()

    assert [step.step for step in reader.steps] == ["arrange"]


@pytest.mark.parametrize(
    "line",
    [
        b"not JSON\n",
        b"[1, 2]\n",
        b"[" * 100_000 + b"\n",
        b"\xff\xfe\n",
        b'{"kind": "plan", "steps": {"a": 1}}\n',
        b'{"kind": "begin", "key": 7, "name": null, "time": "soon"}\n',
        b'{"kind": "begin", "key": "a", "name": "\\u0000\\ud800", "time": 1e400}\n',
        b'{"kind": "log", "key": "nobody", "text": "x"}\n',
        b'{"kind": "end", "key": ["a"], "code": "zero", "time": NaN}\n',
        b'{"kind": {}}\n',
    ],
)
def test_what_no_engine_tells_does_no_harm(engine: Engine, line: bytes) -> None:
    reader = engine.reader()
    engine.tell_line(line)
    engine.begin("1", "arrange")

    reader.read()

    assert reader.steps[-1].step == "arrange"
    assert all("\0" not in step.step for step in reader.steps)


def test_a_run_that_invents_steps_without_end_is_bounded(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "MOST_STEPS", 10)
    reader = engine.reader()
    for number in range(30):
        engine.begin(str(number), f"step-{number}")
        engine.tell(kind="log", key=str(number), text="x")

    reader.read()

    assert len(reader.steps) == 10
