"""Celery's entries: mails go out, and notices to webhooks, apart from each other."""

from __future__ import annotations

from celery import shared_task

from activity.services import deliveries, outbox, sending


@shared_task(name=outbox.SEND)
def send_mails() -> None:
    """Send the mails that are due; woken when one is queued, and by the clock."""
    sending.send_due()


@shared_task(name=outbox.DELIVER)
def deliver() -> None:
    """Send what is due to webhooks; woken when something is queued, and by the clock."""
    deliveries.send_due()


@shared_task(name="activity.tidy")
def tidy() -> None:
    """Forget old mails and deliveries."""
    sending.tidy()
    deliveries.tidy()
