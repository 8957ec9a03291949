"""Celery's entries: look at what is under way, warn of what ends."""

from __future__ import annotations

from uuid import UUID

from celery import Task, shared_task

from data_mgmt.backends import Did
from data_mgmt.previews.options import Options
from data_mgmt.services import endings, index_keys, managers, previews, uploads, watching
from data_mgmt.services import harvest as harvesting
from vre_portal.config import get_config

#: So long a message waits for a worker; the clock sends another.
HARVEST_SECONDS = 30
#: A preview looks for a place so many seconds.
PREVIEW_TRIES = 20


@shared_task(name="data.tidy_uploads")
def tidy_uploads() -> None:
    """Remove uploads whose time is over, and hand over complete ones that nobody has."""
    uploads.tidy()


@shared_task(name="data.watch_requests")
def watch_requests() -> None:
    """Compare watched requests with what changed in Rucio."""
    watching.tick()


@shared_task(name="data.watch_approvals")
def watch_approvals() -> None:
    """Look which rules wait for a data manager."""
    managers.watch()


@shared_task(name="data.warn_of_ends")
def warn_of_ends() -> None:
    """Tell people of copies that end soon."""
    endings.warn()


@shared_task(name="data.harvest")
def harvest() -> None:
    """Send out the scopes whose turn it is to be read into the index."""
    if get_config().harvest_minutes:
        harvesting.find_scopes()
        for scope in harvesting.due():
            harvest_scope.apply_async((scope,), expires=HARVEST_SECONDS)


@shared_task(name="data.harvest_scope")
def harvest_scope(scope: str) -> None:
    """Read one scope for a while, then see whose turn it is."""
    if harvesting.harvest(scope):
        index_keys.index_ranges()
    harvest.apply_async(expires=HARVEST_SECONDS)


@shared_task(name=harvesting.REFRESH)
def refresh_index(dids: list[tuple[str, str]]) -> None:
    """Bring DIDs that somebody looks at up to date in the index."""
    harvesting.refresh([Did(scope, name) for scope, name in dids])


@shared_task(name=previews.TASK, bind=True, max_retries=PREVIEW_TRIES)
def make_preview(
    self: Task[[str, str, dict[str, str], str], None],
    user_id: str,
    did: str,
    options: dict[str, str],
    key: str,
) -> None:
    """Make one preview, when a place for it is free."""
    try:
        previews.make(UUID(user_id), Did.parse(did), Options.of(options), key)
    except previews.Busy as exc:
        if self.request.retries < PREVIEW_TRIES:
            raise self.retry(countdown=1, exc=exc) from exc
        previews.too_busy(UUID(user_id), key)
