"""A run from its inputs to its verdict, in steps that may be interrupted anywhere and done again.

The row says how far the run is; the workflow's name comes from the run's id and is looked up
before it is created; files that are in the workspace already are not sent again; the service
refuses to start twice; and a worker that was thought dead can't write any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.credentials import Credential, credential_for
from activity import services as activity
from activity.models import Level
from reproducibility.backends import (
    AUDIENCE,
    ListedWorkflow,
    Workflow,
    WorkflowState,
    get_backend,
)
from reproducibility.models import Run, RunState
from reproducibility.services import (
    concluding,
    following,
    progress,
    staging,
    verdicts,
    workflows,
)
from vre_portal.errors import Conflict, NotFound, PortalError
from vre_portal.health import NAMES
from vre_portal.live import publish
from vre_portal.models import Operation
from vre_portal.operations import Again, Done, Outcome, held, hold

KIND = "run.reproduce"
TIMELINE = "run"
#: Seconds between two looks at a workflow: at first, and at most when it goes on for long.
LOOK_SECONDS, MOST_SECONDS = 1.5, 30.0
#: Seconds until a service that does not answer is asked again, and for how long it is.
LATER_SECONDS = 10.0
PATIENCE = timedelta(hours=24)
GONE = "The workflow was deleted at the service, not by the portal. Start it again."


@dataclass(frozen=True, slots=True)
class Turn:
    """A worker's turn at a run: it writes only while it holds the operation."""

    operation: Operation
    run: Run

    def save(self, **changes: Any) -> None:
        """Save changes and tell the open pages, unless another worker has taken over."""
        with transaction.atomic():
            hold(self.operation)
            save(self.run, **changes)

    def end(self, state: RunState, message: str, **changes: Any) -> None:
        """Write the end, once, with its line on the timeline."""
        with transaction.atomic():
            hold(self.operation)
            _end(self.run, state, message, **changes)
        staging.clean_up(self.run)

    def stop_wanted(self) -> bool:
        """Whether the user has asked to stop meanwhile."""
        return Run.objects.filter(pk=self.run.pk, stop_wanted=True).exists()


def step(operation: Operation) -> Outcome:
    """Do the next part of a run."""
    run = Run.objects.select_related("analysis", "version", "user").get(pk=operation.subject)
    if not run.active:
        return Done()
    turn = Turn(operation, run)
    try:
        with held(operation):
            return _next(turn)
    except PortalError as exc:
        if not exc.retryable or timezone.now() - (run.checked_at or run.created_at) > PATIENCE:
            raise
        turn.save(message=_waiting_for(exc))
        return Again(LATER_SECONDS)


def give_up(operation: Operation, error: PortalError) -> None:
    """End a run that can't go on."""
    run = Run.objects.select_related("analysis").get(pk=operation.subject)
    if run.active:
        _end(run, RunState.FAILED, error.message)
        staging.clean_up(run)


def _waiting_for(error: PortalError) -> str:
    service = NAMES.get(error.service or "", error.service or "a service")
    return f"Waiting for {service}, which does not answer at the moment; it goes on by itself."


def _next(turn: Turn) -> Outcome:
    if turn.run.stop_wanted:
        return _cancel(turn, RunState.STOPPED, "Stopped by you.")
    match turn.run.state:
        case RunState.PREPARING:
            return _prepare(turn)
        case RunState.QUEUED | RunState.RUNNING:
            return _follow(turn)
        case _:
            return _compare(turn)


def _credential(run: Run) -> Credential:
    return credential_for(run.user, AUDIENCE)


def _prepare(turn: Turn) -> Outcome:
    run, backend = turn.run, get_backend()
    workflow = backend.find(_credential(run), run.remote_name)
    if workflow is None or workflow.state is WorkflowState.CREATED:
        _fetch(turn)
        if turn.stop_wanted():
            return Again()
        workflow = workflow or backend.create(
            _credential(run),
            run.remote_name,
            workflows.specification_of(run.version),
            {
                staging.SPECIFICATION: run.version.specification.encode(),
                **workflows.step_files(run.version),
            },
        )
        turn.save(workflow_id=workflow.id, workflow_name=workflow.name)
        if not _hand_over(turn):
            return Again()
        _start(run)
    environment = backend.environment(_credential(run), workflow.id)
    first, *others = run.steps
    turn.save(
        state=RunState.QUEUED,
        message="Waiting for its turn.",
        workflow_id=workflow.id,
        workflow_name=workflow.name,
        environment=verdicts.environment_json(environment),
        steps=[progress.ended(first, "done"), *others],
    )
    staging.clean_up(run)
    return Again(LOOK_SECONDS)


def _fetch(turn: Turn) -> None:
    run = turn.run
    first, *others = run.steps
    turn.save(steps=[progress.begun(first), *others], message="Fetching the inputs.")
    if not run.inputs or not staging.are_here(run):
        inputs = staging.fetch_inputs(run)
        turn.save(inputs=inputs, message=f"Inputs verified ({len(inputs)} of {len(inputs)}).")


def _hand_over(turn: Turn) -> bool:
    """Fill the workspace; False when the user wants to stop."""
    run = turn.run
    missing = staging.missing_files(run, _credential(run))
    for number, file in enumerate(missing, start=1):
        if turn.stop_wanted():
            return False
        turn.save(message=f"Handing file {number} of {len(missing)} to the runner: {file.path}.")
        staging.upload(run, file, _credential(run))
    return not turn.stop_wanted()


def _start(run: Run) -> None:
    credential = _credential(run)
    following.forget(run)
    try:
        get_backend().start(credential, run.workflow_id, run.parameters)
    except Conflict:
        # Started by a worker that died before it could say so.
        if get_backend().get(credential, run.workflow_id).state is WorkflowState.CREATED:
            raise


def _follow(turn: Turn) -> Outcome:
    run, credential = turn.run, _credential(turn.run)
    try:
        row: ListedWorkflow | None = following.look_at(run, credential)
    except NotFound:
        row = None
    if row is None or row.workflow.state is WorkflowState.DELETED:
        turn.end(RunState.FAILED, GONE)
        return Done()
    workflow, now_seen = row.workflow, following.told(row)
    running = workflow.state is WorkflowState.RUNNING
    if running and now_seen == run.seen and not following.log_is_due(run):
        Run.objects.filter(pk=run.pk).update(checked_at=timezone.now())
        return Again(_pause(run))
    logs = following.read_log(run, credential)
    steps = progress.merged(run.steps, logs)
    seen = {
        "seen": now_seen,
        "steps": steps,
        "logs": progress.kept(logs),
        "checked_at": timezone.now(),
    }
    if workflow.state is WorkflowState.FINISHED:
        steps[-1] = progress.begun(steps[-1])
        words = "Comparing with the recorded outputs."
        turn.save(state=RunState.COMPARING, message=words, **seen)
        return Again()
    if workflow.state.ended:
        failed = workflow.state is WorkflowState.FAILED
        state = RunState.FAILED if failed else RunState.STOPPED
        turn.end(state, progress.reason(workflow, logs), **seen)
        return Done()
    state = RunState.RUNNING if running else RunState.QUEUED
    _save_if_new(turn, {**seen, "state": state, "message": _now(workflow, steps)})
    return Again(_pause(run))


def _pause(run: Run) -> float:
    age = (timezone.now() - run.created_at).total_seconds()
    return min(max(LOOK_SECONDS, age / 60), MOST_SECONDS)


def _now(workflow: Workflow, steps: list[progress.Entry]) -> str:
    if workflow.state is WorkflowState.RUNNING:
        return progress.in_words(steps)
    return "Waiting for its turn."


def _save_if_new(turn: Turn, seen: dict[str, Any]) -> None:
    """Save what was seen; the open pages hear of it only when something has changed."""
    checked_at = seen.pop("checked_at")
    if any(getattr(turn.run, name) != value for name, value in seen.items()):
        turn.save(checked_at=checked_at, **seen)
    else:
        Run.objects.filter(pk=turn.run.pk).update(checked_at=checked_at)


def _compare(turn: Turn) -> Outcome:
    run = turn.run
    verdict = verdicts.verdict_of(run, _credential(run))
    steps = [*run.steps[:-1], progress.ended(run.steps[-1], "done")]
    turn.end(RunState.FINISHED, verdicts.in_words(verdict), verdict=verdict.as_json(), steps=steps)
    return Done()


def _cancel(turn: Turn, state: RunState, message: str) -> Outcome:
    run, backend = turn.run, get_backend()
    credential = credential_for(run.user, AUDIENCE, ending=True)
    workflow = backend.find(credential, run.remote_name)
    if workflow and not workflow.state.ended:
        try:
            backend.cancel(credential, workflow)
        except Conflict:
            # It went on to another state between the look and the order.
            return Again(LOOK_SECONDS)
    turn.end(state, message)
    return Done()


def _end(run: Run, state: RunState, message: str, **changes: Any) -> None:
    steps = changes.pop("steps", run.steps)
    cut = progress.cut_off(steps, "failed" if state == RunState.FAILED else "skipped")
    save(run, state=state, message=message, steps=cut, finished_at=timezone.now(), **changes)
    concluding.conclude(run)
    activity.record(
        user_id=run.user_id,
        verb=f"run.{state.value}",
        subject=(TIMELINE, run.pk),
        text=f"{run.analysis.title}, run {run.number}: {message}",
        level=_level(run),
        url=f"/runs/{run.pk}",
    )


def _level(run: Run) -> Level:
    if run.state == RunState.FINISHED:
        good = run.is_variation or verdicts.is_reproduced(run)
        return Level.OK if good else Level.WARNING
    return Level.ERROR if run.state == RunState.FAILED else Level.INFO


def save(run: Run, **changes: Any) -> None:
    """Save changes and tell the open pages."""
    for name, value in changes.items():
        setattr(run, name, value)
    run.save(update_fields=[*changes, "updated_at"])
    publish(f"run:{run.pk}", {"state": run.state, "message": run.message})
