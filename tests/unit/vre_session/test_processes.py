"""What a session's processes use, told apart from what else its user runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vre_session.processes import Meter, Process, memory_of, of_session

HOLDS = (
    "x = bytearray(64 << 20); x[::4096] = b'1' * len(x[::4096]); print('up', flush=True); input()"
)


@contextmanager
def running(code: str, **environment: str) -> Iterator[int]:
    """A process with these variables, up when it has printed a line."""
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        env={"PATH": os.defpath, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    try:
        yield child.pid
    finally:
        child.kill()
        child.communicate()


def test_the_servers_children_belong_to_it() -> None:
    with running(HOLDS) as pid:
        found = {each.pid for each in of_session("/nowhere", server=os.getpid())}

    assert {pid, os.getpid()} <= found


def test_what_lost_its_parent_is_known_by_its_environment(tmp_path: Path) -> None:
    with running(HOLDS, VRE_SESSION_DIR=str(tmp_path)) as pid:
        mine = {each.pid for each in of_session(str(tmp_path), server=-1)}
        anothers = {each.pid for each in of_session(str(tmp_path.parent), server=-1)}

    assert mine == {pid}
    assert pid not in anothers


def test_memory_is_what_they_hold(tmp_path: Path) -> None:
    with running(HOLDS, VRE_SESSION_DIR=str(tmp_path)):
        held = memory_of(of_session(str(tmp_path), server=-1))

    assert 64 << 20 < held < 160 << 20


def test_a_process_that_has_ended_holds_nothing() -> None:
    assert memory_of([Process(1 << 30, 0, 0.0)]) == 0


@pytest.mark.parametrize(
    ("after", "percent"),
    [
        ([Process(1, 7, 15.0)], 50.0),
        ([Process(1, 7, 10.0), Process(2, 8, 20.0)], 200.0),
        ([Process(1, 9, 3.0)], 30.0),  # the number was given to another process
        ([], 0.0),
    ],
)
def test_the_processor_is_told_from_one_look_to_the_next(
    after: list[Process], percent: float
) -> None:
    meter = Meter()

    first = meter.read([Process(1, 7, 10.0)], now=100.0)
    second = meter.read(after, now=110.0)

    assert (first, second) == (0.0, percent)


def test_two_looks_in_a_row_share_a_measurement() -> None:
    meter = Meter()
    meter.read([Process(1, 7, 10.0)], now=100.0)
    meter.read([Process(1, 7, 15.0)], now=110.0)

    assert meter.read([Process(1, 7, 99.0)], now=110.5) == 50.0
