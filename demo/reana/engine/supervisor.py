"""The engine's loop: takes queued runs, follows their commands, takes up what a restart left."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from uuid import UUID

from demo.reana.engine.launcher import Launcher
from demo.reana.engine.records import Attempt, Ending, Outcome, take_lock
from demo.reana.settings import Settings
from demo.reana.store.jobs import Jobs
from demo.reana.store.workflows import Workflows
from demo.reana.values import Job, Status, Workflow

TICK = 0.3
STOP_SECONDS = 6.0
log = logging.getLogger("reana.engine")


class Supervisor:
    """Brings every started run to its one end."""

    def __init__(
        self, settings: Settings, workflows: Workflows, jobs: Jobs, launcher: Launcher
    ) -> None:
        self._settings = settings
        self._workflows = workflows
        self._jobs = jobs
        self._launcher = launcher
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
            self._launcher.attempt(job)
            for workflow in self._workflows.waiting(Status.RUNNING)
            for job in self._jobs.of(workflow.id)
            if job.status is Status.RUNNING
        ]
        for attempt in running:
            attempt.ask_end(Ending.INTERRUPTED)
        _wait_until(lambda: all(_released(attempt) for attempt in running), STOP_SECONDS)

    def stop(self, workflow: Workflow) -> bool:
        """Stop a run and its command; tell whether it was running."""
        with self._moving:
            moved = self._workflows.move(
                workflow.id, Status.STOPPED, reason="Stopped by its owner."
            )
            jobs = self._jobs.of(workflow.id) if moved else []
            running = [self._launcher.attempt(job) for job in jobs if job.status is Status.RUNNING]
            for attempt in running:
                attempt.ask_end(Ending.STOPPED)
        _wait_until(lambda: all(_released(attempt) for attempt in running), STOP_SECONDS)
        for job in jobs:
            if job.status is not Status.FINISHED:
                self._jobs.end(job, Status.STOPPED)
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
        free = self._settings.slots - len(self._workflows.waiting(Status.RUNNING))
        for workflow in self._workflows.waiting(Status.QUEUED)[: max(free, 0)]:
            self._begin(workflow)

    def _begin(self, workflow: Workflow) -> None:
        self._workflows.set_isolation(workflow.id, self._launcher.sentence)
        if self._workflows.move(workflow.id, Status.PENDING) is not None:
            self._workflows.move(workflow.id, Status.RUNNING)
            self.wake()

    def _advance(self, workflow_id: UUID) -> None:
        """Bring a run one move further, as far as its present command allows."""
        workflow = self._workflows.by_id(workflow_id)
        if workflow is None or workflow.status is not Status.RUNNING:
            return
        unfinished = [
            job for job in self._jobs.of(workflow.id) if job.status is not Status.FINISHED
        ]
        if not unfinished:
            self._workflows.move(workflow.id, Status.FINISHED)
            return
        job = unfinished[0]
        if job.status is not Status.RUNNING:
            self._launch(workflow, job)
            return
        attempt = self._launcher.attempt(job)
        outcome = attempt.outcome()
        if outcome is not None:
            self._settle(workflow, job, outcome)
        elif attempt.abandoned():
            self._redo_killed(workflow, job)

    def _settle(self, workflow: Workflow, job: Job, outcome: Outcome) -> None:
        if outcome.ending is Ending.INTERRUPTED:
            self._launch(workflow, job)
        elif outcome.ending is Ending.EXITED and outcome.code == 0:
            self._jobs.end(job, Status.FINISHED)
            self._wake.set()
        else:
            self._fail(workflow, job, _explain(job, outcome))

    def _redo_killed(self, workflow: Workflow, job: Job) -> None:
        if job.attempt >= self._settings.attempts:
            title = _title(job).capitalize()
            self._fail(workflow, job, f"{title} was killed {job.attempt} times.")
            return
        log.info("Run %s: %s was killed and is begun again", workflow.id, _title(job))
        self._launch(workflow, job)

    def _fail(self, workflow: Workflow, job: Job, reason: str) -> None:
        self._jobs.end(job, Status.FAILED)
        self._workflows.move(workflow.id, Status.FAILED, reason=reason)

    def _launch(self, workflow: Workflow, job: Job) -> None:
        workspace = self._settings.workspaces / str(workflow.workspace)
        uid = self._launcher.uid_of(self._workflows.workspace_number(workflow.workspace))
        begun = self._jobs.begin(job)
        try:
            self._launcher.launch(begun, workspace, uid=uid)
        except OSError as exc:
            self._fail(workflow, begun, f"{_title(job)} could not be started: {exc.strerror}.")


def _title(job: Job) -> str:
    return f"step {job.step!r}" if job.step else f"step {job.position + 1}"


def _explain(job: Job, outcome: Outcome) -> str:
    title = _title(job).capitalize()
    match outcome.ending:
        case Ending.EXITED if outcome.code < 0:
            return f"{title} was ended by signal {-outcome.code}."
        case Ending.EXITED:
            return f"{title} ended with exit code {outcome.code}."
        case Ending.TIMED_OUT:
            return f"{title} ran longer than it may."
        case Ending.REFUSED:
            return f"{title} {outcome.detail}"
        case _:
            return f"{title} was stopped."


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
