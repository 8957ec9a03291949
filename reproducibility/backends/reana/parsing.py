"""From REANA's JSON to values: what is absent is empty, what is misshapen is REANA's fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from reproducibility.backends.reana.refusals import NAME, SERVICE
from reproducibility.backends.values import (
    Environment,
    ListedWorkflow,
    Person,
    Progress,
    Quota,
    Removed,
    RetentionRule,
    Secret,
    SecretKind,
    Share,
    StepLog,
    Usage,
    Workflow,
    WorkflowLogs,
    WorkflowState,
    WorkspaceFile,
)
from vre_portal.errors import UpstreamRefused

P = ParamSpec("P")
R = TypeVar("R")
Row = Mapping[str, Any]
#: What Python says of a row that lacks a member, is of another type, or holds an unknown word.
MISSHAPEN = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def parsing(parse: Callable[P, R]) -> Callable[P, R]:
    """Let a parser tell a misshapen answer in the portal's terms."""

    @wraps(parse)
    def parsed(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return parse(*args, **kwargs)
        except MISSHAPEN as exc:
            raise UpstreamRefused(
                f"{NAME} gave an answer that the portal does not understand. Try again.",
                service=SERVICE,
            ) from exc

    return parsed


@parsing
def workflow(row: Row) -> Workflow:
    """Return a workflow from its status, or from a row of a list."""
    return Workflow(text(row["id"]), text(row["name"]), WorkflowState(row["status"]))


@parsing
def created(row: Row) -> Workflow:
    """Return the workflow that was just made."""
    name = text(row["workflow_name"])
    return Workflow(text(row["workflow_id"]), name, WorkflowState.CREATED)


@parsing
def restarted(row: Row) -> Workflow:
    """Return the workflow that was just started again: REANA tells name and number apart."""
    name = f"{text(row['workflow_name'])}.{row['run_number']}"
    return Workflow(text(row["workflow_id"]), name, WorkflowState(row["status"]))


@parsing
def listed(row: Row) -> ListedWorkflow:
    """Return a row of a list; of a size that is not known REANA says -1."""
    progress = row.get("progress") or {}
    size = (row.get("size") or {}).get("raw", -1)
    ended = progress.get("run_finished_at") or progress.get("run_stopped_at")
    return ListedWorkflow(
        workflow=workflow(row),
        progress=_progress(progress),
        created_at=moment(row.get("created")),
        started_at=moment(progress.get("run_started_at")),
        ended_at=moment(ended),
        size=int(size) if size >= 0 else None,
        owner=text(row.get("owner_email")),
        shared_with=tuple(text(each) for each in row.get("shared_with") or ()),
    )


def _progress(told: Row) -> Progress:
    counts = {key: told.get(key) or {} for key in ("total", "running", "finished", "failed")}
    numbers = {key: int(count.get("total") or 0) for key, count in counts.items()}
    return Progress(**numbers, current_step=text(told.get("current_step_name")))


@parsing
def logs(row: Row) -> WorkflowLogs:
    """Return the logs: JSON that REANA puts as a string into its JSON."""
    told = json.loads(row["logs"])
    steps = [_step(job) for job in (told.get("job_logs") or {}).values()]
    last = datetime.max.replace(tzinfo=UTC)
    steps.sort(key=lambda step: step.started_at or last)
    return WorkflowLogs(_shown(told.get("workflow_logs")), tuple(steps))


def _step(job: Row) -> StepLog:
    return StepLog(
        name=text(job.get("job_name")),
        state=WorkflowState(job["status"]),
        command=_shown(job.get("cmd")),
        text=_shown(job.get("logs")),
        image=text(job.get("docker_img")),
        started_at=moment(job.get("started_at")),
        finished_at=moment(job.get("finished_at")),
    )


def _shown(told: object) -> str:
    """Return what an engine said; some tell a command by its parts."""
    return told if isinstance(told, str) else json.dumps(told) if told else ""


@parsing
def file(row: Row) -> WorkspaceFile:
    """Return a file of a list; REANA begins some paths with a slash."""
    return WorkspaceFile(text(row["name"]).lstrip("/"), int(row["size"]["raw"]))


@parsing
def rows(told: Row, key: str = "items") -> list[Any]:
    """Return the list that an answer holds; an absent one is empty."""
    found = told.get(key) or []
    if not isinstance(found, list):
        raise TypeError(key)
    return found


@parsing
def removed(row: Row) -> Removed:
    """Return what happened to files that were to be removed."""
    gone = (row.get("deleted") or {}).items()
    files = tuple(WorkspaceFile(name.lstrip("/"), int(about["size"])) for name, about in gone)
    return Removed(files, tuple(name.lstrip("/") for name in row.get("failed") or {}))


@parsing
def usage_of_disk(row: Row) -> int:
    """Return the bytes of a workspace, which REANA was asked to sum."""
    return sum(int(each["size"]["raw"]) for each in rows(row, "disk_usage_info"))


@parsing
def retention(row: Row) -> RetentionRule:
    """Return a rule for files to be removed."""
    return RetentionRule(
        pattern=text(row["workspace_files"]),
        days=int(row["retention_days"]),
        state=text(row.get("status")),
        due_at=moment(row.get("apply_on")),
    )


@parsing
def environment(row: Row) -> Environment:
    """Return the environment of which the demo's runner tells."""
    substituted = row.get("substituted")
    return Environment(
        recorded=text(row.get("recorded")),
        used=text(row.get("used")),
        substituted=substituted if isinstance(substituted, bool) else None,
        isolation=text(row.get("isolation")),
        packages_sha256=text(row.get("packages_sha256")),
        packages=tuple(text(each) for each in row.get("packages") or ()),
    )


@parsing
def person(row: Row) -> Person:
    """Return whom REANA sees."""
    return Person(text(row.get("username")), text(row.get("email")))


@parsing
def version(row: Row) -> str:
    """Return the server's version, as it tells people."""
    return text(row.get("reana_server_version"))


@parsing
def quota(row: Row) -> Quota:
    """Return what the person uses; a limit of 0 is none."""
    told = row.get("quota") or {}
    return Quota(_usage(told.get("cpu")), _usage(told.get("disk")))


def _usage(told: Row | None) -> Usage | None:
    if not told or "usage" not in told:
        return None
    limit = int((told.get("limit") or {}).get("raw") or 0)
    return Usage(int(told["usage"].get("raw") or 0), limit if limit > 0 else None)


@parsing
def secret(row: Row) -> Secret:
    """Return a secret's name."""
    return Secret(text(row["name"]), SecretKind(row["type"]))


@parsing
def share(row: Row) -> Share:
    """Return who may read a workflow."""
    return Share(text(row["user_email"]), moment(row.get("valid_until")))


def text(told: object) -> str:
    """Return a text of REANA's, empty for null; another type is misshapen."""
    if told is None:
        return ""
    if not isinstance(told, str):
        raise TypeError(type(told).__name__)
    return told


def moment(told: object) -> datetime | None:
    """Return a time of REANA's: UTC, mostly without saying so."""
    if not told:
        return None
    found = datetime.fromisoformat(text(told))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
