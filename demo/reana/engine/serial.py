"""Brings a serial run forward: one command after the other."""

from __future__ import annotations

import logging

from demo.reana.engine.bringing import Bringing
from demo.reana.engine.explaining import explain
from demo.reana.engine.records import Attempt, Ending, Outcome
from demo.reana.values import Job, Status, Workflow

log = logging.getLogger("reana.engine.serial")


class SerialRuns:
    """Runs whose commands the specification lists."""

    def __init__(self, bringing: Bringing) -> None:
        self._bringing = bringing
        self._jobs = bringing.jobs
        self._launcher = bringing.launcher

    def advance(self, workflow: Workflow) -> bool:
        """Bring a run one move further; tell whether the next move can be made at once."""
        jobs = self._jobs.of(workflow.id)
        job = next((one for one in jobs if one.status is not Status.FINISHED), None)
        if job is None:
            self._bringing.finish(workflow)
            return True
        if job.status is not Status.RUNNING:
            self._launch(workflow, job)
            return False
        attempt = self._launcher.attempt(job)
        outcome = attempt.outcome()
        if outcome is not None:
            return self._settle(workflow, job, outcome)
        if attempt.abandoned():
            self._redo_killed(workflow, job)
        return False

    def attempts(self, workflow: Workflow) -> list[Attempt]:
        """Return the attempts of a run that may have a process."""
        return [
            self._launcher.attempt(job)
            for job in self._jobs.of(workflow.id)
            if job.status is Status.RUNNING
        ]

    def stopped(self, workflow: Workflow) -> None:
        """Record that a run was stopped, whose processes are gone."""
        for job in self._jobs.of(workflow.id):
            if job.status is not Status.FINISHED:
                self._jobs.end(job, Status.STOPPED)

    def _settle(self, workflow: Workflow, job: Job, outcome: Outcome) -> bool:
        if outcome.ending is Ending.INTERRUPTED:
            self._launch(workflow, job)
        elif outcome.ending is Ending.EXITED and outcome.code == 0:
            self._jobs.end(job, Status.FINISHED)
            return True
        else:
            self._fail(workflow, job, explain(_title(job), outcome))
        return False

    def _redo_killed(self, workflow: Workflow, job: Job) -> None:
        if job.attempt >= self._bringing.settings.attempts:
            self._fail(workflow, job, f"{_title(job)} was killed {job.attempt} times.")
            return
        log.info("Run %s: %s was killed and is begun again", workflow.id, _title(job))
        self._launch(workflow, job)

    def _launch(self, workflow: Workflow, job: Job) -> None:
        place = self._bringing.place_of(workflow)
        if (reason := self._bringing.over_time(place)) is not None:
            self._fail(workflow, job, reason)
            return
        begun = self._jobs.begin(job)
        try:
            self._launcher.launch(begun, place)
        except OSError as exc:
            self._fail(workflow, begun, f"{_title(job)} could not be started: {exc.strerror}.")

    def _fail(self, workflow: Workflow, job: Job, reason: str) -> None:
        self._jobs.end(job, Status.FAILED)
        self._bringing.fail(workflow, reason)


def _title(job: Job) -> str:
    return f"Step {job.step!r}" if job.step else f"Step {job.position + 1}"
