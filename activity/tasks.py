"""Celery's entries: mails go out."""

from __future__ import annotations

from celery import shared_task

from activity.services import outbox, sending


@shared_task(name=outbox.SEND)
def send_mails() -> None:
    """Send the mails that are due; woken when one is queued, and by the clock."""
    sending.send_due()


@shared_task(name="activity.tidy")
def tidy() -> None:
    """Forget old mails."""
    sending.tidy()
