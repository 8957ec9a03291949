"""Celery's entries: verify what is due, make previews, tidy the recorded files."""

from __future__ import annotations

from uuid import UUID

from celery import Task, shared_task

from data_mgmt.previews.options import Options
from data_mgmt.services import previews
from reproducibility.services import file_previews, recorded_files, verifying

#: So long a message waits for a worker; the clock sends another.
WAIT_SECONDS = 60
#: A preview looks for a place so many seconds.
PREVIEW_TRIES = 20


@shared_task(name="reproducibility.verify_due")
def verify_due() -> None:
    """Send out the analyses whose turn it is to be verified."""
    for analysis_id in verifying.due():
        verify.apply_async((str(analysis_id),), expires=WAIT_SECONDS)


@shared_task(name="reproducibility.verify")
def verify(analysis_id: str) -> None:
    """Start the verification of one analysis."""
    verifying.verify(UUID(analysis_id))


@shared_task(name="reproducibility.tidy_recorded")
def tidy_recorded() -> None:
    """Remove recorded files that no version names any more."""
    recorded_files.sweep()


@shared_task(name=file_previews.TASK, bind=True, max_retries=PREVIEW_TRIES)
def make_preview(
    self: Task[[str, str, dict[str, str], str], None],
    user_id: str,
    where: str,
    options: dict[str, str],
    key: str,
) -> None:
    """Make the preview of what a run gave, when a place for it is free."""
    try:
        file_previews.make(UUID(user_id), where, Options.of(options), key)
    except previews.Busy as exc:
        if self.request.retries < PREVIEW_TRIES:
            raise self.retry(countdown=1, exc=exc) from exc
        previews.too_busy(UUID(user_id), key)
