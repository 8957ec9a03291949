"""Brings a run of Snakemake, CWL or yadage forward: one process that finds and runs the steps.

That process, the engine, runs in the sandbox like the code that it reads (a Snakefile is a
program), and its steps below it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from uuid import UUID

from demo.reana.engine.bringing import Bringing
from demo.reana.engine.explaining import explain
from demo.reana.engine.order import program_of
from demo.reana.engine.projection import Projection, make_events
from demo.reana.engine.records import Attempt, Ending, Outcome
from demo.reana.store.jobs import Told
from demo.reana.values import Status, Workflow

log = logging.getLogger("reana.engine.driven")
#: Pieces that are read at the end at most; a run that tells more is not worth waiting for.
LAST_PIECES = 64


class DrivenRuns:
    """Runs whose steps a workflow engine finds."""

    def __init__(self, bringing: Bringing) -> None:
        self._bringing = bringing
        self._jobs = bringing.jobs
        self._launcher = bringing.launcher
        self._projections: dict[Path, Projection] = {}

    def advance(self, workflow: Workflow) -> bool:
        """Bring a run one move further; tell whether the next move can be made at once."""
        attempts = self._launcher.engine_attempts(workflow.id)
        if not attempts:
            self._launch(workflow, number=1)
            return False
        attempt = attempts[-1]
        outcome = attempt.outcome()
        self._read(workflow.id, attempt, to_the_end=outcome is not None)
        if outcome is not None:
            self._settle(workflow, attempt, outcome, number=len(attempts))
        elif attempt.abandoned():
            self._redo_killed(workflow, number=len(attempts))
        return False

    def attempts(self, workflow: Workflow) -> list[Attempt]:
        """Return the attempts of a run that may have a process."""
        return self._launcher.engine_attempts(workflow.id)[-1:]

    def stopped(self, workflow: Workflow) -> None:
        """Record that a run was stopped, whose processes are gone."""
        for attempt in self.attempts(workflow):
            steps = self._read(workflow.id, attempt, to_the_end=True)
            self._leave(workflow, attempt, steps, Status.STOPPED)

    def _read(self, workflow_id: UUID, attempt: Attempt, *, to_the_end: bool) -> tuple[Told, ...]:
        """Write down what the engine told since the last look; return all steps."""
        projection = self._projections.get(attempt.folder)
        if projection is None:
            projection = self._projections[attempt.folder] = self._projection(workflow_id, attempt)
        for _ in range(LAST_PIECES if to_the_end else 1):
            changed = projection.read()
            if changed:
                self._jobs.record(workflow_id, changed)
            if not projection.behind:
                break
        return projection.steps

    def _projection(self, workflow_id: UUID, attempt: Attempt) -> Projection:
        folder = self._launcher.folder(workflow_id)
        return Projection(
            attempt.folder / "events",
            lambda position: folder / f"{position}.1" / "log",
            log_bytes=self._bringing.settings.log_bytes,
        )

    def _settle(
        self, workflow: Workflow, attempt: Attempt, outcome: Outcome, *, number: int
    ) -> None:
        if outcome.ending is Ending.INTERRUPTED:
            self._launch(workflow, number=number + 1)
            return
        steps = self._projections[attempt.folder].steps
        self._leave(workflow, attempt, steps, Status.FAILED)
        if outcome.ending is Ending.EXITED and outcome.code == 0:
            self._bringing.finish(workflow)
        else:
            self._bringing.fail(workflow, _reason(self._engine(workflow), steps, outcome))

    def _leave(
        self, workflow: Workflow, attempt: Attempt, steps: tuple[Told, ...], status: Status
    ) -> None:
        """End what an engine began and did not end, and forget what it told."""
        for job in self._jobs.of(workflow.id):
            if job.status is Status.RUNNING:
                self._jobs.end(job, status)
        self._projections.pop(attempt.folder, None)

    def _redo_killed(self, workflow: Workflow, *, number: int) -> None:
        if number >= self._bringing.settings.attempts:
            self._bringing.fail(
                workflow, f"The {self._engine(workflow)} engine was killed {number} times."
            )
            return
        log.info("Run %s: its engine was killed and is begun again", workflow.id)
        self._launch(workflow, number=number + 1)

    def _launch(self, workflow: Workflow, *, number: int) -> None:
        place = self._bringing.place_of(workflow)
        if (reason := self._bringing.over_time(place)) is not None:
            self._bringing.fail(workflow, reason)
            return
        attempt = Attempt(self._launcher.folder(workflow.id) / f"engine.{number}")
        self._jobs.clear(workflow.id)
        make_events(attempt.folder / "events", owner=place.uid)
        try:
            program = program_of(
                workflow,
                self._bringing.planner.options_of(workflow),
                folder=attempt.folder,
                place=place,
                settings=self._bringing.settings,
            )
            self._launcher.start(attempt, program, place)
        except OSError as exc:
            name = self._engine(workflow)
            self._bringing.fail(workflow, f"{name} could not be started: {exc.strerror}.")

    def _engine(self, workflow: Workflow) -> str:
        return self._bringing.planner.engine_of(workflow)


def _reason(engine: str, steps: tuple[Told, ...], outcome: Outcome) -> str:
    """Return why a run failed: its first failed step, else how its engine ended."""
    failed = [step for step in steps if step.status is Status.FAILED]
    if outcome.ending is Ending.EXITED and failed:
        first = min(failed, key=lambda step: (step.finished is None, step.finished, step.position))
        extra = f"; {outcome.detail}" if outcome.detail else ""
        return f"Step {first.step!r} failed{extra}; its log says why."
    return f"{explain(f'The {engine} engine', outcome)} Its log says why."
