"""What a run says while it goes on, read at the service for the pages that are open."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache

from accounts.credentials import credential_for
from reproducibility.backends import AUDIENCE, get_backend
from reproducibility.models import Run, RunState
from reproducibility.services import progress, workflows
from vre_portal.errors import PortalError

#: However many pages are open, the service is asked so often, seconds.
FRESH_SECONDS, KEPT_SECONDS = 0.4, 30
#: What is queued may have begun since the worker looked.
LIVE = (RunState.QUEUED, RunState.RUNNING)

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and when."""

    at: float
    entries: list[Entry] = field(repr=False)


def read(run: Run) -> list[Entry]:
    """Return the logs of a run as they are now, as a run keeps them."""
    kept = _kept(run)
    if run.state not in LIVE or (kept and time.time() - kept.at < FRESH_SECONDS):
        return last(run)
    try:
        logs = get_backend().logs(credential_for(run.user, AUDIENCE), run.workflow_id)
    except PortalError:
        return last(run)
    entries = progress.kept(workflows.named(run.version, logs))
    cache.set(_key(run), Reading(time.time(), entries), timeout=KEPT_SECONDS)
    return entries


def last(run: Run) -> list[Entry]:
    """Return what was read last, by a page or by the worker; no service is asked."""
    kept = _kept(run) if run.state in LIVE else None
    return list(kept.entries if kept else run.logs)


def _kept(run: Run) -> Reading | None:
    kept: Reading | None = cache.get(_key(run))
    return kept


def _key(run: Run) -> str:
    return f"run-live-log:{run.pk}"
