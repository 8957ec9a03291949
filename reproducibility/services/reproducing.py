"""A run from its inputs to its verdict, in steps that may be interrupted anywhere and done again.

The row says how far the run is; the workflow's name comes from the run's id and is looked up
before it is created; files that are in the workspace already are not sent again; the service
refuses to start twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import yaml
from django.db import transaction
from django.utils import timezone

from accounts.credentials import Credential, credential_for
from activity import services as activity
from reproducibility.backends import (
    AUDIENCE,
    StepLog,
    Workflow,
    WorkflowLogs,
    WorkflowState,
    get_backend,
)
from reproducibility.models import Run, RunState
from reproducibility.services import staging, verdicts
from vre_portal.errors import Conflict, PortalError
from vre_portal.live import publish
from vre_portal.models import Operation
from vre_portal.operations import Again, Done, Outcome, held

KIND = "run.reproduce"
LOOK_SECONDS = 1.5
LOG_LENGTH = 200_000
TAIL_LINES = 3
TIMELINE = "run"


def step(operation: Operation) -> Outcome:
    """Do the next part of a run."""
    run = Run.objects.select_related("analysis", "user").get(pk=operation.subject)
    if not run.active:
        return Done()
    if run.stop_wanted:
        return _stop(run)
    with held(operation):
        match run.state:
            case RunState.PREPARING:
                return _prepare(run)
            case RunState.QUEUED | RunState.RUNNING:
                return _follow(run)
            case _:
                return _compare(run)


def give_up(operation: Operation, error: PortalError) -> None:
    """End a run that can't go on."""
    run = Run.objects.select_related("analysis").get(pk=operation.subject)
    if run.active:
        _end(run, RunState.FAILED, error.message)


def _prepare(run: Run) -> Outcome:
    if not run.steps:
        save(
            run, steps=[_entry("inputs", "running", timezone.now())], message="Fetching the inputs."
        )
    if not run.inputs or not staging.are_here(run):
        inputs = staging.fetch_inputs(run)
        save(run, inputs=inputs, message=f"Inputs verified ({len(inputs)} of {len(inputs)}).")
    credential = credential_for(run.user, AUDIENCE)
    backend = get_backend()
    specification = yaml.safe_load(run.analysis.specification)
    workflow = backend.find(credential, run.remote_name) or backend.create(
        credential, run.remote_name, specification
    )
    if run.workflow_id != workflow.id:
        save(run, workflow_id=workflow.id, workflow_name=workflow.name)
    if workflow.state is WorkflowState.CREATED:
        save(run, message="Handing the inputs to the runner.")
        staging.upload(run, credential)
        _start(run, credential)
    environment = backend.environment(credential, workflow.id)
    save(
        run,
        state=RunState.QUEUED,
        message="Waiting for its turn.",
        environment=verdicts.environment_json(environment),
        steps=[
            _ended(run.steps[0], "done"),
            *_planned(specification),
            _entry("compare", "waiting"),
        ],
    )
    staging.clean_up(run)
    return Again(LOOK_SECONDS)


def _start(run: Run, credential: Credential) -> None:
    try:
        get_backend().start(credential, run.workflow_id, run.parameters)
    except Conflict:
        # Started by a worker that died before it could say so.
        if get_backend().get(credential, run.workflow_id).state is WorkflowState.CREATED:
            raise


def _follow(run: Run) -> Outcome:
    credential = credential_for(run.user, AUDIENCE)
    backend = get_backend()
    workflow = backend.get(credential, run.workflow_id)
    logs = backend.logs(credential, run.workflow_id)
    steps = _merged(run.steps, logs)
    changes: dict[str, Any] = {"steps": steps, "logs": _kept(logs), "checked_at": timezone.now()}
    if workflow.state is WorkflowState.FINISHED:
        steps[-1] = _entry("compare", "running", timezone.now())
        save(
            run, state=RunState.COMPARING, message="Comparing with the recorded outputs.", **changes
        )
        return Again()
    if workflow.state.ended:
        save(run, **changes)
        stopped = workflow.state is not WorkflowState.FAILED
        state = RunState.STOPPED if stopped else RunState.FAILED
        _end(run, state, _reason(workflow, logs))
        return Done()
    running = workflow.state is WorkflowState.RUNNING
    save(
        run,
        state=RunState.RUNNING if running else RunState.QUEUED,
        message=_now(steps) if running else "Waiting for its turn.",
        **changes,
    )
    return Again(LOOK_SECONDS)


def _compare(run: Run) -> Outcome:
    verdict = verdicts.verdict_of(run, credential_for(run.user, AUDIENCE))
    run.steps[-1] = _ended(run.steps[-1], "done")
    save(run, verdict=verdict.as_json(), steps=run.steps)
    _end(run, RunState.FINISHED, verdicts.in_words(verdict))
    return Done()


def _stop(run: Run) -> Outcome:
    credential = credential_for(run.user, AUDIENCE)
    workflow = get_backend().find(credential, run.remote_name)
    if workflow:
        get_backend().cancel(credential, workflow)
    _end(run, RunState.STOPPED, "Stopped by you.")
    return Done()


@transaction.atomic
def _end(run: Run, state: RunState, message: str) -> None:
    """Write the end once; the timeline gets its line with it."""
    steps = [
        _ended(entry, "failed" if state == RunState.FAILED else "skipped")
        if entry["state"] in {"running", "waiting"}
        else entry
        for entry in run.steps
    ]
    save(run, state=state, message=message, steps=steps, finished_at=timezone.now())
    staging.clean_up(run)
    levels = {RunState.FINISHED: "ok", RunState.FAILED: "error", RunState.STOPPED: "info"}
    activity.record(
        user_id=run.user_id,
        verb=f"run.{state.value}",
        subject=(TIMELINE, run.pk),
        text=f"{run.analysis.title}, run {run.number}: {message}",
        level=levels[state],
        url=f"/runs/{run.pk}",
    )


def save(run: Run, **changes: Any) -> None:
    """Save changes and tell the open pages."""
    for name, value in changes.items():
        setattr(run, name, value)
    run.save(update_fields=[*changes, "updated_at"])
    publish(f"run:{run.pk}", {"state": run.state, "message": run.message})


def _entry(name: str, state: str, started: datetime | None = None) -> dict[str, Any]:
    at = started.isoformat() if started else None
    return {"name": name, "state": state, "started": at, "seconds": None}


def _ended(entry: dict[str, Any], state: str) -> dict[str, Any]:
    seconds = entry["seconds"]
    if seconds is None and entry["started"]:
        began = datetime.fromisoformat(entry["started"])
        seconds = round((timezone.now() - began).total_seconds(), 1)
    return {**entry, "state": state, "seconds": seconds}


def _planned(specification: dict[str, Any]) -> list[dict[str, Any]]:
    inner = specification.get("workflow", {}).get("specification", {})
    steps = inner.get("steps", []) if isinstance(inner, dict) else []
    names = [str(entry.get("name") or f"step {n}") for n, entry in enumerate(steps, start=1)]
    return [_entry(name, "waiting") for name in names]


WORDS = {
    WorkflowState.RUNNING: "running",
    WorkflowState.FINISHED: "done",
    WorkflowState.FAILED: "failed",
    WorkflowState.STOPPED: "failed",
}


def _merged(steps: list[dict[str, Any]], logs: WorkflowLogs) -> list[dict[str, Any]]:
    """Return the planned steps with what the service says of its jobs (several to a step)."""
    jobs: dict[str, list[StepLog]] = {}
    for job in logs.steps:
        jobs.setdefault(job.name, []).append(job)
    return [
        _seen(entry, jobs[entry["name"]]) if entry["name"] in jobs else entry for entry in steps
    ]


def _seen(entry: dict[str, Any], jobs: list[StepLog]) -> dict[str, Any]:
    started = min((job.started_at for job in jobs if job.started_at), default=None)
    ends = [job.finished_at for job in jobs]
    last = jobs[-1].state
    seconds = None
    if started and all(ends):
        seconds = (max(end for end in ends if end) - started).total_seconds()
    return {
        "name": entry["name"],
        "state": WORDS.get(last, "waiting"),
        "started": started.isoformat() if started else None,
        "seconds": seconds,
    }


def _kept(logs: WorkflowLogs) -> list[dict[str, str]]:
    return [
        {
            "step": job.name,
            "state": WORDS.get(job.state, "waiting"),
            "command": job.command,
            "text": job.text[-LOG_LENGTH:],
        }
        for job in logs.steps
    ]


def _now(steps: list[dict[str, Any]]) -> str:
    inner = steps[1:-1]
    for number, entry in enumerate(inner, start=1):
        if entry["state"] == "running":
            return f"Step {number} of {len(inner)}, {entry['name']}, is running."
    return "Running."


def _reason(workflow: Workflow, logs: WorkflowLogs) -> str:
    if workflow.state is not WorkflowState.FAILED:
        return "Stopped at the runner."
    for job in logs.steps:
        if job.state is WorkflowState.FAILED:
            tail = " / ".join(job.text.strip().splitlines()[-TAIL_LINES:])
            return f"Step {job.name} failed: {tail or 'it said nothing.'}"
    return "The runner says that the workflow failed: " + (logs.text.strip()[-300:] or "no reason.")
