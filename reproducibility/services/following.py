"""Where somebody's runs stand at the service: one call tells of all of them, however many."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.core.cache import cache

from accounts.credentials import Credential
from reproducibility.backends import (
    ListedWorkflow,
    Progress,
    Workflow,
    WorkflowLogs,
    WorkflowState,
    get_backend,
)
from reproducibility.models import Run
from reproducibility.services import workflows
from vre_portal.errors import NotFound

#: Seconds between two looks at a person's runs, and for how long an older one still serves while
#: somebody else is looking.
LOOK_SECONDS, STALE_SECONDS = 1.5, 10.0
LOG_SECONDS = 10
PAGE = 500


@dataclass(frozen=True, slots=True)
class Look:
    """What the service told of a person's runs, by the ids of their workflows it was asked for."""

    at: float
    asked: frozenset[str] = field(repr=False)
    rows: Mapping[str, ListedWorkflow] = field(repr=False)

    def younger_than(self, seconds: float) -> bool:
        """Whether it is that fresh."""
        return time.time() - self.at < seconds


def look_at(run: Run, credential: Callable[[], Credential]) -> ListedWorkflow | None:
    """Return where a run stands, from a look at all runs of its person that is fresh enough.

    None: it was started after that look, or somebody else is looking; the next one will tell.

    Raises
    ------
    NotFound
        The service has no such workflow any more.
    """
    key = _key(run)
    kept: Look | None = cache.get(key)
    if kept is None or not kept.younger_than(LOOK_SECONDS):
        kept = _looked(run, credential, key) or kept
    if kept is None or not kept.younger_than(STALE_SECONDS) or run.workflow_id not in kept.asked:
        return None
    row = kept.rows.get(run.workflow_id)
    if row is None:
        row = _alone(get_backend().get(credential(), run.workflow_id))
    if row.workflow.state is WorkflowState.DELETED:
        raise NotFound("The service has deleted it.", service="reana")
    return row


def log_is_due(run: Run) -> bool:
    """Whether the log that is kept is so old that it is read again, though no job has ended.

    A page that is open reads the log itself; this is for all others.
    """
    return cache.get(_log_key(run)) is None


def read_log(run: Run, credential: Credential) -> WorkflowLogs:
    """Read what the run said so far."""
    cache.set(_log_key(run), run.remote_name, timeout=LOG_SECONDS)
    return workflows.named(run.version, get_backend().logs(credential, run.workflow_id))


def _log_key(run: Run) -> str:
    return f"run-log:{run.pk}"


def _key(run: Run) -> str:
    return f"runs-seen:{run.user_id}"


def _looked(run: Run, credential: Callable[[], Credential], key: str) -> Look | None:
    """Look at all of them, unless another worker is at it."""
    busy = f"{key}:busy"
    if not cache.add(busy, run.remote_name, timeout=STALE_SECONDS):
        return None
    try:
        began, names = time.time(), _names(run)
        look = Look(began, frozenset(names), _rows(names, credential()))
        cache.set(key, look, timeout=int(STALE_SECONDS))
    finally:
        cache.delete(busy)
    return look


def _names(run: Run) -> dict[str, str]:
    """Return the names at the service of what its person has under way, by workflow."""
    mine = Run.objects.filter(user_id=run.user_id).active().exclude(workflow_id="")
    return {each.workflow_id: each.remote_name for each in mine.only("id", "workflow_id")}


def _rows(names: Mapping[str, str], credential: Credential) -> dict[str, ListedWorkflow]:
    rows: dict[str, ListedWorkflow] = {}
    number, more = 1, True
    while more and names.keys() - rows.keys():
        page = get_backend().list_workflows(
            credential, names=set(names.values()), page=number, size=PAGE
        )
        # A restart by another client has the same name; it is not what the portal started.
        rows |= {row.workflow.id: row for row in page.items}
        number, more = number + 1, page.more
    return rows


def _alone(workflow: Workflow) -> ListedWorkflow:
    return ListedWorkflow(workflow, Progress())


def told(row: ListedWorkflow) -> dict[str, int | str | None]:
    """Return what a run keeps of it."""
    progress = row.progress
    return {
        "total": progress.total,
        "running": progress.running,
        "finished": progress.finished,
        "failed": progress.failed,
        "size": row.size,
    }
