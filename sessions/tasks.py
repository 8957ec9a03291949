"""What the clock does for sessions."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import Task, shared_task

from data_mgmt.previews.options import Options
from data_mgmt.services import previews
from sessions import services
from sessions.services import builds, file_previews, handing_over, share_ends
from vre_portal.errors import PortalError

log = logging.getLogger(__name__)

#: A preview looks for a place so many seconds.
PREVIEW_TRIES = 20


@shared_task(name="sessions.reconcile")
def reconcile() -> None:
    """Bring the rows into line with the hub; while it does not answer, the last state stays."""
    try:
        services.reconcile()
    except PortalError as exc:
        log.warning("sessions not reconciled: %s", exc.message)


@shared_task(name="sessions.watch_ends")
def watch_ends() -> None:
    """Warn of sessions that end soon, and stop those whose time has come."""
    services.watch_ends()


@shared_task(name="sessions.sample")
def sample() -> None:
    """Ask sessions what they use, those first that somebody looks at."""
    try:
        services.sample()
    except PortalError as exc:
        log.warning("sessions not asked what they use: %s", exc.message)


@shared_task(name="sessions.end_shares")
def end_shares() -> None:
    """End the shares whose time, session or group is over."""
    share_ends.end_shares()


@shared_task(name="sessions.forget_handovers")
def forget_handovers() -> None:
    """Remove files that were handed over long ago."""
    handing_over.forget_old()


@shared_task(name="sessions.tidy_builds")
def tidy_builds() -> None:
    """Take away environments of people's own that nobody uses."""
    try:
        builds.tidy()
    except PortalError as exc:
        log.warning("made environments not tidied: %s", exc.message)


@shared_task(name=file_previews.TASK, bind=True, max_retries=PREVIEW_TRIES)
def make_preview(
    self: Task[[str, str, dict[str, str], str], None],
    user_id: str,
    where: str,
    options: dict[str, str],
    key: str,
) -> None:
    """Make the preview of a session's file, when a place for it is free."""
    try:
        file_previews.make(UUID(user_id), where, Options.of(options), key)
    except previews.Busy as exc:
        if self.request.retries < PREVIEW_TRIES:
            raise self.retry(countdown=1, exc=exc) from exc
        previews.too_busy(UUID(user_id), key)
