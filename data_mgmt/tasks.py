"""Celery's entries: look at what is under way."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from data_mgmt.services import watching

LATE_SECONDS = 15


@shared_task(name="data.watch_requests")
def watch_requests() -> None:
    """Send out a look for each user with requests that are due."""
    for user_id in watching.claim_due():
        watch_user.apply_async((str(user_id),), expires=LATE_SECONDS)


@shared_task(name="data.watch_user")
def watch_user(user_id: str) -> None:
    """Compare one user's requests with their rules."""
    watching.look(UUID(user_id))
