"""A stack in an empty folder, and toy components that run on it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.bootstrap import Environments
from demo.keeper import Keeper, wire
from demo.stack import Component, Stack


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack in a folder with a space in its name."""
    state = tmp_path / "a state"
    state.mkdir()
    return Stack(state=state, port=9400, environments=tmp_path / "envs")


def toy(name: str, code: str = "import time; time.sleep(600)", **more: object) -> Component:
    """Return a component that runs a line of Python and is ready at once."""
    return Component(
        name=name,
        title=name,
        command=lambda _stack: [sys.executable, "-c", code],
        health=lambda _stack: None,
        **more,  # type: ignore[arg-type]  # each test names the fields it is about
    )


class Yard:
    """Keepers of toys, with everything they said."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.said: list[str] = []
        self.held: set[str] = set()
        self.stopping = threading.Event()
        self.keepers: dict[str, Keeper] = {}

    def start(self, *toys: Component) -> None:
        """Start toys, which need no environment."""
        environments = Environments(self.stack.environments, {}, self.said.append)
        for each in toys:
            self.keepers[each.name] = Keeper(
                each,
                self.stack,
                environments,
                say=self.said.append,
                changed=lambda: None,
                is_held=self.held.__contains__,
                stopping=self.stopping,
            )
        wire(self.keepers.values())
        for keeper in self.keepers.values():
            keeper.start()

    def pid(self, name: str) -> int:
        """Return the process of a toy that is up."""
        pid = self.keepers[name].status()["pid"]
        assert pid is not None
        return pid

    def stop(self) -> None:
        """Stop all toys, as the end of a stack does."""
        self.stopping.set()
        for keeper in self.keepers.values():
            keeper.join(20)


@pytest.fixture
def yard(stack: Stack) -> Iterator[Yard]:
    """A yard that is cleared at the end."""
    made = Yard(stack)
    yield made
    made.stop()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Wait up to ten seconds for a claim to become true."""
    from demo.process import wait_until

    return lambda claim: wait_until(claim, 10.0)
