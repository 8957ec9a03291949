"""The engine's loop: takes queued runs, follows their commands, takes up what a restart left."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

from demo.reana.engine.bringing import Bringing
from demo.reana.engine.driven import DrivenRuns
from demo.reana.engine.launcher import Launcher
from demo.reana.engine.order import engine_is_there
from demo.reana.engine.planning import Planner
from demo.reana.engine.queue import next_to_begin
from demo.reana.engine.records import Attempt, Ending, take_lock
from demo.reana.engine.serial import SerialRuns
from demo.reana.errors import RunnerError
from demo.reana.options import SERIAL
from demo.reana.settings import Settings
from demo.reana.store.jobs import Jobs
from demo.reana.store.secrets import Secrets
from demo.reana.store.workflows import Workflows
from demo.reana.values import Status, Workflow

TICK = 0.3
STOP_SECONDS = 6.0
log = logging.getLogger("reana.engine")


class Runs(Protocol):
    """Runs of one kind, as the loop moves them."""

    def advance(self, workflow: Workflow) -> bool:
        """Bring a run one move further; tell whether the next move can be made at once."""

    def attempts(self, workflow: Workflow) -> list[Attempt]:
        """Return the attempts of a run that may have a process."""

    def stopped(self, workflow: Workflow) -> None:
        """Record that a run was stopped, whose processes are gone."""


class Supervisor:
    """Brings every started run to its one end."""

    def __init__(
        self,
        settings: Settings,
        workflows: Workflows,
        jobs: Jobs,
        launcher: Launcher,
        *,
        secrets: Secrets,
    ) -> None:
        self._settings = settings
        self._workflows = workflows
        self._jobs = jobs
        self._launcher = launcher
        launcher.on_end = self.wake
        self.planner = Planner(settings, jobs, launcher)
        bringing = Bringing(settings, workflows, jobs, launcher, self.planner, secrets=secrets)
        self._bringing = bringing
        self._serial, self._driven = SerialRuns(bringing), DrivenRuns(bringing)
        self._wake = threading.Event()
        self._closing = False
        # A stop and the loop must not move the same run at once.
        self._moving = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._lock: int | None = None

    def start(self) -> None:
        """Begin to take and follow runs."""
        while self._lock is None:
            self._lock = take_lock(self._launcher.service_lock)
            time.sleep(0 if self._lock is not None else 0.01)
        self._thread.start()

    def wake(self) -> None:
        """Look at the queue now: something was added or stopped."""
        self._wake.set()

    def close(self) -> None:
        """Leave no command running; the next start takes the runs up again."""
        self._closing = True
        self.wake()
        self._thread.join(timeout=STOP_SECONDS)
        running = [
            attempt
            for workflow in self._workflows.waiting(Status.RUNNING)
            for attempt in self._runs(workflow).attempts(workflow)
        ]
        for attempt in running:
            attempt.ask_end(Ending.INTERRUPTED)
        _wait_until(lambda: all(_released(attempt) for attempt in running), STOP_SECONDS)

    def stop(self, workflow: Workflow) -> bool:
        """Stop a run and its commands; tell whether it was running."""
        runs = self._runs(workflow)
        with self._moving:
            moved = self._workflows.move(
                workflow.id, Status.STOPPED, reason="Stopped by its owner."
            )
            running = runs.attempts(workflow) if moved else []
            for attempt in running:
                attempt.ask_end(Ending.STOPPED)
        _wait_until(lambda: all(_released(attempt) for attempt in running), STOP_SECONDS)
        if moved:
            runs.stopped(workflow)
            self._bringing.take_back_secrets(workflow)
        self.wake()
        return moved is not None

    def _loop(self) -> None:
        while not self._closing:
            try:
                self._look()
            except Exception:  # the loop outlives a database that restarts
                log.exception("The engine's look failed; it looks again.")
                time.sleep(1.0)
            self._wake.wait(TICK)
            self._wake.clear()

    def _look(self) -> None:
        for pending in self._workflows.waiting(Status.PENDING):
            self._workflows.move(pending.id, Status.RUNNING)
        for workflow in self._workflows.waiting(Status.RUNNING):
            with self._moving:
                self._advance(workflow.id)
        running = self._workflows.waiting(Status.RUNNING)
        waiting = self._workflows.waiting(Status.QUEUED)
        queued = [one for one in waiting if engine_is_there(one, self._settings)]
        for workflow in next_to_begin(queued, running, slots=self._settings.slots):
            self._begin(workflow)

    def _begin(self, workflow: Workflow) -> None:
        if (refusal := self._refusal(workflow)) is not None:
            self._workflows.move(workflow.id, Status.FAILED, reason=refusal)
            return
        self._workflows.set_isolation(workflow.id, self._launcher.sentence)
        if self._workflows.move(workflow.id, Status.PENDING) is not None:
            self._workflows.move(workflow.id, Status.RUNNING)
            self.wake()

    def _refusal(self, workflow: Workflow) -> str | None:
        """Return why a queued run cannot run: its files or this runner changed since the start."""
        plan = self._jobs.plans.of(workflow.id)
        options: Mapping[str, Any] = plan.options if plan else {}
        try:
            self.planner.plan(workflow, workflow.parameters, options)
        except RunnerError as exc:
            return str(exc)
        return None

    def _advance(self, workflow_id: UUID) -> None:
        """Bring a run one move further, as far as its present command allows."""
        workflow = self._workflows.by_id(workflow_id)
        if workflow is None or workflow.status is not Status.RUNNING:
            return
        if self._runs(workflow).advance(workflow):
            self._wake.set()

    def _runs(self, workflow: Workflow) -> Runs:
        return self._serial if self.planner.engine_of(workflow) == SERIAL else self._driven


def _released(attempt: Attempt) -> bool:
    """Whether the attempt's keeper is gone."""
    descriptor = attempt.lock()
    if descriptor is None:
        return False
    os.close(descriptor)
    return True


def _wait_until(claim: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.05)
