"""The steps and logs of a run as a row keeps them: planned, seen at the service, ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from reproducibility.backends import StepLog, Workflow, WorkflowLogs, WorkflowState
from reproducibility.models import AnalysisVersion
from reproducibility.services.workflows import steps_of

LOG_LENGTH = 200_000
REASON_LENGTH = 300
INPUTS, COMPARE = "inputs", "compare"
WORDS: Mapping[WorkflowState, str] = {
    WorkflowState.RUNNING: "running",
    WorkflowState.FINISHED: "done",
    WorkflowState.FAILED: "failed",
    WorkflowState.STOPPED: "skipped",
}

Entry = dict[str, Any]


def planned(version: AnalysisVersion) -> list[Entry]:
    """Return all steps of a run to be: the inputs, those of the workflow, the comparison."""
    return [_entry(name) for name in (INPUTS, *steps_of(version).nodes, COMPARE)]


def _entry(name: str) -> Entry:
    return {"name": name, "state": "waiting", "started": None, "seconds": None}


def begun(entry: Entry) -> Entry:
    """Return a step that goes on since now, or since when it began already."""
    return {**entry, "state": "running", "started": entry["started"] or timezone.now().isoformat()}


def ended(entry: Entry, state: str) -> Entry:
    """Return a step that has ended now."""
    seconds = entry["seconds"]
    if seconds is None and entry["started"]:
        began = datetime.fromisoformat(entry["started"])
        seconds = round((timezone.now() - began).total_seconds(), 1)
    return {**entry, "state": state, "seconds": seconds}


def cut_off(steps: Iterable[Entry], state: str) -> list[Entry]:
    """Return the steps of a run that has ended: the running one gets `state`, later ones none."""
    ends = {"running": state, "waiting": "skipped"}
    return [
        ended(entry, ends[entry["state"]]) if entry["state"] in ends else entry for entry in steps
    ]


def merged(steps: Iterable[Entry], logs: WorkflowLogs) -> list[Entry]:
    """Return the planned steps with what the service says of its jobs (several to a step).

    Jobs that nobody planned, since an engine finds its steps while it runs, come before the
    comparison.
    """
    jobs: dict[str, list[StepLog]] = {}
    for job in logs.steps:
        jobs.setdefault(job.name, []).append(job)
    *inner, compare = steps
    known = {entry["name"] for entry in inner}
    inner += [_entry(name) for name in jobs if name and name not in known]
    return [
        *(_seen(entry, jobs[entry["name"]]) if entry["name"] in jobs else entry for entry in inner),
        compare,
    ]


def _seen(entry: Entry, jobs: list[StepLog]) -> Entry:
    started = min((job.started_at for job in jobs if job.started_at), default=None)
    ends = [job.finished_at for job in jobs if job.finished_at]
    over = started is not None and len(ends) == len(jobs)
    return {
        "name": entry["name"],
        "state": _state_of(jobs),
        "started": started.isoformat() if started else None,
        "seconds": (max(ends) - started).total_seconds() if started and over else None,
    }


def _state_of(jobs: list[StepLog]) -> str:
    """Return the state of a step with several jobs: as bad as its worst, done when all are."""
    states = [WORDS.get(job.state, "waiting") for job in jobs]
    return next((each for each in ("failed", "running", "skipped") if each in states), states[-1])


def kept(logs: WorkflowLogs) -> list[dict[str, str]]:
    """Return the logs as the row keeps them: the end of each."""
    return [
        {
            "step": job.name,
            "state": WORDS.get(job.state, "waiting"),
            "command": storable(job.command),
            "text": storable(job.text[-LOG_LENGTH:]),
        }
        for job in logs.steps
    ]


def storable(text: str) -> str:
    """Return a text that PostgreSQL takes, without NUL and halves of characters, in plain lines."""
    plain = text.replace("\0", "\N{SYMBOL FOR NULL}").replace("\r\n", "\n").replace("\r", "\n")
    return plain.encode(errors="replace").decode()


def in_words(steps: list[Entry]) -> str:
    """Return which step is running, as a sentence."""
    inner = steps[1:-1]
    for number, entry in enumerate(inner, start=1):
        if entry["state"] == "running":
            return f"Step {number} of {len(inner)}, {entry['name']}, is running."
    done = sum(entry["state"] == "done" for entry in inner)
    return f"{done} of {len(inner)} steps are done."


def reason(workflow: Workflow, logs: WorkflowLogs) -> str:
    """Return why a workflow ended without being finished."""
    if workflow.state is not WorkflowState.FAILED:
        return "Stopped at the runner, not by the portal."
    for job in logs.steps:
        if job.state is WorkflowState.FAILED:
            last = next(reversed(job.text.strip().splitlines()), "it said nothing.")
            return storable(f"Step {job.name} failed: {last[:REASON_LENGTH]}")
    said = logs.text.strip()[-REASON_LENGTH:] or "no reason."
    return storable(f"The runner says that the workflow failed: {said}")
