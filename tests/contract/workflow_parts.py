"""Two people at a workflow service, the fake or the demo's runner, and workflows to try it with."""

from __future__ import annotations

import io
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.credentials import Credential
from demo.stack import Stack
from reproducibility.backends import AUDIENCE, Workflow, WorkflowsBackend, WorkflowState
from reproducibility.backends.reana import ReanaBackend
from tests.fakes.workflows import FakeWorkflows
from tests.signin import exchange, running_stack, sign_in
from vre_portal.config import get_config
from vre_portal.errors import Conflict

REAL = "VRE_TEST_STACK" in os.environ
KINDS = ["fake", "real"] if REAL else ["fake"]
#: The runner as a REANA whose tokens are pasted.
QUERY = ["query"] if REAL else []
SECONDS = 90.0
GIVEN = b"hello data"
#: A first step that waits until it is stopped, or is over at once.
SLOW, QUICK = "sleep 60", "true"
#: One for which the demo's runner has an environment, and one for which it has none.
IMAGE, STRANGE_IMAGE = "vre-portal/physics:2026.11", "registry.example.org/recorded:1"


@dataclass
class World:
    """A workflow service and two people who may use it."""

    backend: WorkflowsBackend
    who: Credential
    other: Credential

    @property
    def fake(self) -> FakeWorkflows | None:
        """The fake, where this is not the real thing."""
        return self.backend if isinstance(self.backend, FakeWorkflows) else None

    def made(self, first: str = QUICK) -> Workflow:
        """Create a workflow with its input in the workspace."""
        workflow = self.backend.create(self.who, a_name(), specification(first))
        self.backend.upload(self.who, workflow.id, "data/in.txt", io.BytesIO(GIVEN))
        return workflow

    def started(self, first: str = QUICK) -> Workflow:
        """Create and start a workflow."""
        workflow = self.made(first)
        self.backend.start(self.who, workflow.id, {"word": "contract"})
        return workflow

    def until(self, workflow: Workflow, *states: WorkflowState) -> Workflow:
        """Wait until a workflow is in one of some states."""
        if self.fake:
            _move(self.fake, workflow, states[0])
        deadline = time.monotonic() + SECONDS
        while (now := self.backend.get(self.who, workflow.id)).state not in states:
            assert time.monotonic() < deadline, f"it is {now.state}"
            time.sleep(0.2)
        return now


def _move(fake: FakeWorkflows, workflow: Workflow, state: WorkflowState) -> None:
    made = fake.workflows[workflow.id]
    if state is WorkflowState.FINISHED:
        word = made.parameters.get("word", "default")
        fake.gives({"results/out.txt": GIVEN + f" {word}".encode()})
        fake.run_one(made)
    elif state is WorkflowState.RUNNING:
        fake.run_one(made, 0)
    elif state is WorkflowState.FAILED:
        fake.fail_one(made, 1, "it breaks\n")


def a_name() -> str:
    return f"contract-{uuid.uuid4().hex}"


def specification(first: str, *, image: str = IMAGE) -> dict[str, Any]:
    out = "results/out.txt"
    write = f"mkdir -p results && cat data/in.txt > {out} && echo -n ' ${{word}}' >> {out}"
    steps = [
        {"name": "wait", "environment": image, "commands": [f"{first} && echo waited"]},
        {"name": "write", "environment": image, "commands": [write]},
    ]
    return {
        "inputs": {"directories": ["data"], "parameters": {"word": "default"}},
        "workflow": {"type": "serial", "specification": {"steps": steps}},
        "outputs": {"files": ["results/out.txt"]},
    }


def worlds(kind: str) -> Iterator[World]:
    """Yield the same on the fake and on the demo's runner, whose tokens come by either way."""
    if kind == "fake":
        yield from _fake()
        return
    with pytest.MonkeyPatch.context() as environment:
        stack = running_stack()
        environment.setenv("VRE_REANA_URL", stack.url("reana"))
        environment.setenv("VRE_REANA_TOKENS", "stored" if kind == "query" else "exchange")
        get_config.cache_clear()
        yield from _real(stack)
    get_config.cache_clear()


def _credential(account: str, token: str) -> Credential:
    later = datetime.now(UTC) + timedelta(minutes=5)
    return Credential(uuid.uuid4(), account, AUDIENCE, token, later)


def _fake() -> Iterator[World]:
    who, other = _credential("researcher", "token"), _credential("datamanager", "token-2")
    yield World(FakeWorkflows(), who, other)


def _real(stack: Stack) -> Iterator[World]:
    who, other = (
        _credential(name, exchange(stack, sign_in(stack, name), AUDIENCE))
        for name in ("researcher", "datamanager")
    )
    yield World(ReanaBackend(), who, other)


def stop(world: World, workflow: Workflow) -> None:
    """Leave nothing running: a second try where it moved on between look and order."""
    for _ in range(3):
        try:
            world.backend.cancel(world.who, world.backend.get(world.who, workflow.id))
        except Conflict:
            continue
        return
