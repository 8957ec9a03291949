"""A run from its inputs to its verdict, in steps that may be interrupted anywhere and done again.

The row says how far the run is; the workflow's name comes from the run's id and is looked up
before it is created; files that are in the workspace already are not sent again; the service
refuses to start twice; and a worker that was thought dead can't write any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from accounts.credentials import Credential, credential_for
from reproducibility.backends import (
    AUDIENCE,
    Workflow,
    WorkflowState,
    get_backend,
)
from reproducibility.compare import Level
from reproducibility.models import Failure, Kind, Run, RunState
from reproducibility.services import acceptance, following, progress, proofs, staging, verdicts
from reproducibility.services.campaigns import pacing, results
from reproducibility.services.fetching import Came
from reproducibility.services.preparing import TELL_SECONDS, prepare, take_back
from reproducibility.services.turns import Turn, end
from vre_portal.components.formats import size
from vre_portal.errors import Conflict, NotFound, PortalError, QuotaExceeded
from vre_portal.health import NAMES
from vre_portal.models import Operation
from vre_portal.operations import Again, Done, Outcome, held

KIND = "run.reproduce"
#: Seconds between two looks at a workflow that goes on for long, at most.
MOST_SECONDS = 30.0
#: Seconds until a service that does not answer is asked again, and for how long it is.
LATER_SECONDS = 10.0
PATIENCE = timedelta(hours=24)
NOTHING_RECORDED = "All steps are done. No output was recorded to compare with."
GONE = "The workflow was deleted at the service, not by the portal. Start it again."


def step(operation: Operation) -> Outcome:
    """Do the next part of a run."""
    rows = Run.objects.select_related("analysis", "version", "user")
    run = rows.filter(pk=operation.subject).first()
    if run is None or not run.active:
        # It ended as its worker was killed, or its analysis was deleted meanwhile.
        staging.remove(operation.subject)
        return Done()
    quiet = pacing.silence(run.user_id) if run.kind == Kind.POINT else None
    if quiet and quiet.seconds:
        return Again(pacing.spread(quiet.seconds))
    turn = Turn(operation, run)
    try:
        with held(operation):
            return _next(turn)
    except PortalError as exc:
        if not exc.retryable or timezone.now() - (run.checked_at or run.created_at) > PATIENCE:
            if exc.waits:
                turn.save(message=f"Waiting for you: {exc.message}")
            else:
                take_back(run)
            raise
        words = _waiting_for(exc)
        turn.save(message=words)
        is_point = run.kind == Kind.POINT
        return Again(pacing.pushed_back(run, exc, words) if is_point else LATER_SECONDS)


def give_up(operation: Operation, error: PortalError) -> None:
    """End a run that can't go on."""
    run = Run.objects.select_related("analysis").filter(pk=operation.subject).first()
    if run and run.active:
        end(run, RunState.FAILED, error.message, failure=_class_of(error))
        staging.clean_up(run)


def _class_of(error: PortalError) -> Failure:
    if isinstance(error, QuotaExceeded):
        return Failure.QUOTA
    return Failure.SERVICE if error.retryable else Failure.REFUSED


def _waiting_for(error: PortalError) -> str:
    service = NAMES.get(error.service or "", error.service or "a service")
    return f"Waiting for {service}, which does not answer at the moment; it goes on by itself."


def _next(turn: Turn) -> Outcome:
    if turn.run.stop_wanted:
        return _cancel(turn, RunState.STOPPED, "Stopped by you.")
    match turn.run.state:
        case RunState.PREPARING:
            return prepare(turn)
        case RunState.QUEUED | RunState.RUNNING:
            return _follow(turn)
        case _:
            return _compare(turn)


def _follow(turn: Turn) -> Outcome:
    run = turn.run
    try:
        row = following.look_at(run, turn.credential)
    except NotFound:
        return _gone(turn)
    if row is None:
        return Again(following.LOOK_SECONDS)
    workflow, now_seen = row.workflow, following.told(row)
    state = RunState.RUNNING if workflow.state is WorkflowState.RUNNING else RunState.QUEUED
    if not workflow.state.ended and not _log_tells_more(run, state, now_seen):
        told = {"state": state, "seen": now_seen, "message": _now(workflow, run.steps)}
        _save_if_new(turn, {**told, "checked_at": timezone.now()})
        return Again(_pause(run))
    logs = following.read_log(run, turn.credential())
    steps = progress.merged(run.steps, logs)
    seen = {
        "seen": now_seen,
        "steps": steps,
        "logs": progress.kept(logs),
        "checked_at": timezone.now(),
    }
    if workflow.state is WorkflowState.FINISHED:
        steps[-1] = progress.begun(steps[-1])
        is_point = run.kind == Kind.POINT
        words = "Collecting its results." if is_point else "Comparing with the recorded outputs."
        turn.save(state=RunState.COMPARING, message=words, **seen)
        return Again()
    if workflow.state.ended:
        failed = workflow.state is WorkflowState.FAILED
        state = RunState.FAILED if failed else RunState.STOPPED
        failure = Failure.STEPS if failed else ""
        turn.end(state, progress.reason(workflow, logs), failure=failure, **seen)
        return Done()
    _save_if_new(turn, {**seen, "state": state, "message": _now(workflow, steps)})
    return Again(_pause(run))


def _log_tells_more(run: Run, state: RunState, seen: Mapping[str, Any]) -> bool:
    """Whether something may stand in the log that is not known yet: before it runs nothing does."""
    if state == RunState.QUEUED:
        return False
    return seen != run.seen or (run.kind != Kind.POINT and following.log_is_due(run))


def _pause(run: Run) -> float:
    age = (timezone.now() - run.created_at).total_seconds()
    return min(max(following.LOOK_SECONDS, age / 60), MOST_SECONDS)


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
    run, credential = turn.run, turn.credential()
    if run.kind == Kind.POINT:
        return _collect(turn)
    watch = partial(watched, turn.save)
    verdict = verdicts.verdict_of(run, credential, watch)
    if verdict.level is Level.MISSING and _is_gone(turn):
        return _gone(turn)
    proofs.gather_outputs(run, credential, watch)
    tests = acceptance.judge(run, credential)
    steps = [*run.steps[:-1], progress.ended(run.steps[-1], "done")]
    told = verdicts.stored(verdict) if verdict.outputs else None
    words = verdicts.in_words(verdict) if verdict.outputs else NOTHING_RECORDED
    turn.end(RunState.FINISHED, words, verdict=told, steps=steps, tests=tests)
    return Done()


def _collect(turn: Turn) -> Outcome:
    """Read what the campaign wants of a point; with other outputs there is nothing to compare."""
    found = results.gather(turn.run, turn.credential())
    if not any("value" in each for each in found.values()) and _is_gone(turn):
        return _gone(turn)
    results.write_down(turn.run, found)
    steps = [*turn.run.steps[:-1], progress.ended(turn.run.steps[-1], "done")]
    turn.end(RunState.FINISHED, "All steps are done.", steps=steps)
    return Done()


def watched(save: Callable[..., None], words: str) -> Came:
    """Save what begins as the message, and about once a second how much of it has come."""
    save(message=words)
    told_at = time.monotonic()

    def came(bytes_: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at > TELL_SECONDS:
            told_at = time.monotonic()
            save(message=f"{words} {size(bytes_)} of it came so far.")

    return came


def _workflow_of(run: Run, credential: Credential) -> Workflow | None:
    """Return the run's own workflow, None when there is none; others may have restarted it."""
    if not run.workflow_id:
        return get_backend().find(credential, run.remote_name)
    try:
        return get_backend().get(credential, run.workflow_id)
    except NotFound:
        return None


def _gone(turn: Turn) -> Outcome:
    turn.end(RunState.FAILED, GONE, failure=Failure.GONE)
    return Done()


def _is_gone(turn: Turn) -> bool:
    """Whether the workflow was deleted at the service: no output is there then."""
    try:
        found = get_backend().get(turn.credential(), turn.run.workflow_id)
    except NotFound:
        return True
    return found.state is WorkflowState.DELETED


def _cancel(turn: Turn, state: RunState, message: str) -> Outcome:
    run, backend = turn.run, get_backend()
    credential = credential_for(run.user, AUDIENCE, ending=True)
    workflow = _workflow_of(run, credential)
    if workflow and not workflow.state.ended:
        try:
            backend.cancel(credential, workflow)
        except Conflict:
            # It went on to another state between the look and the order.
            return Again(following.LOOK_SECONDS)
    turn.end(state, message)
    return Done()
