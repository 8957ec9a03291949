"""A component is started, restarted, given up, stopped: each as it should be."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from demo.stack import Component, Stack
from tests.unit.demo.conftest import Yard, toy

Eventually = Callable[[Callable[[], bool]], bool]


def test_a_killed_component_is_started_again_and_its_end_told(
    yard: Yard, eventually: Eventually
) -> None:
    yard.start(toy("clock", "print('last words', flush=True); import time; time.sleep(600)"))
    assert yard.keepers["clock"].settled.wait(10)
    log = yard.stack.folder("logs") / "clock.log"
    assert eventually(lambda: "last words" in log.read_text())
    first = yard.pid("clock")

    os.kill(first, signal.SIGKILL)

    assert eventually(lambda: yard.keepers["clock"].status()["pid"] not in {None, first})
    assert any("ended by SIGKILL; restart 1" in line for line in yard.said)
    assert any("| last words" in line for line in yard.said)


def test_what_never_comes_up_is_given_up_with_the_end_of_its_log(
    yard: Yard, eventually: Eventually
) -> None:
    broken = toy("broken", "import sys; sys.exit('no such table')")
    never = Component(
        **{**broken.__dict__, "health": lambda _stack: "not yet", "start_seconds": 5.0}
    )

    yard.start(never)

    assert eventually(lambda: yard.keepers["broken"].state == "failed")
    assert any("given up after 2 restarts" in line for line in yard.said)
    assert any("no such table" in line for line in yard.said)


def test_what_needs_a_failed_component_fails_with_its_name(
    yard: Yard, eventually: Eventually
) -> None:
    def refuse(_stack: Stack) -> None:
        raise RuntimeError("first line\nthe disk is full")

    yard.start(toy("base", prepare=refuse), toy("house", needs=("base",)))

    assert eventually(lambda: yard.keepers["house"].state == "failed")
    assert yard.keepers["house"].note == "needs base, which failed"
    assert any("did not start (the disk is full)" in line for line in yard.said)


def test_a_component_starts_after_those_it_needs_have_finished(yard: Yard) -> None:
    order: list[str] = []
    base = toy("base", finish=lambda _stack: order.append("base finished"))
    house = toy("house", needs=("base",), prepare=lambda _stack: order.append("house prepared"))

    yard.start(house, base)

    assert yard.keepers["house"].settled.wait(10)
    assert order == ["base finished", "house prepared"]


def test_components_stop_in_reverse_order(yard: Yard, tmp_path: Path) -> None:
    record = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(record)!r}, 'a').write(NAME + ' ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open(NAME + '.ready', 'w')\n"
        "while True: time.sleep(1)\n"
    )

    def ready(name: str) -> Callable[[Stack], str | None]:
        return lambda stack: None if (stack.folder(name) / f"{name}.ready").exists() else "no"

    toys = [
        Component(
            **{**toy(name, f"NAME = {name!r}\n{code}").__dict__, "health": ready(name), "needs": n}
        )
        for name, n in (("base", ()), ("house", ("base",)), ("roof", ("house",)))
    ]
    yard.start(*toys)
    assert yard.keepers["roof"].settled.wait(20)

    yard.stop()

    assert record.read_text().split() == ["roof", "house", "base"]


def test_a_component_stopped_by_name_stays_down_until_it_is_let_go(
    yard: Yard, eventually: Eventually
) -> None:
    yard.start(toy("clock"))
    assert yard.keepers["clock"].settled.wait(10)

    yard.held.add("clock")

    assert eventually(lambda: yard.keepers["clock"].state == "stopped")
    assert yard.keepers["clock"].status()["pid"] is None
    yard.held.clear()
    assert eventually(lambda: yard.keepers["clock"].state == "up")


def test_the_end_of_a_stack_is_not_slower_than_its_components(
    yard: Yard, eventually: Eventually
) -> None:
    yard.start(toy("base"), toy("house", needs=("base",)))
    assert yard.keepers["house"].settled.wait(10)

    yard.stopping.set()

    assert eventually(lambda: not any(each.is_alive() for each in yard.keepers.values()))
