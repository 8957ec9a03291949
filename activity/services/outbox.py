"""Queue mails with the events that they tell of, and wake whoever sends them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.mailboxes import verified_addresses
from activity.models import Event, Mail
from activity.services.kinds import BY_VERB
from activity.services.preferences import wanted_by
from vre_portal.config import get_config

log = logging.getLogger(__name__)
SEND = "activity.send_mails"
#: The clock asks as often: a message that waited longer for a worker says nothing new.
WAKE_SECONDS = 15


def queue(events: Sequence[Event]) -> None:
    """Queue a mail for each event that its person wants so; to be called in their transaction."""
    notices = [event for event in events if event.verb in BY_VERB]
    if not notices or get_config().mail_server is None:
        return
    addresses = verified_addresses({event.user_id for event in notices})
    wanted = wanted_by(addresses)
    now = timezone.now()
    mails = [
        Mail(event=event, address=addresses[event.user_id], due_at=now, created_at=now)
        for event in notices
        if event.user_id in addresses and BY_VERB[event.verb].key in wanted[event.user_id]
    ]
    if mails:
        Mail.objects.bulk_create(mails)
        transaction.on_commit(_wake)


def _wake() -> None:
    try:
        current_app.send_task(SEND, expires=WAKE_SECONDS, retry=False)
    except (OSError, OperationalError) as exc:
        log.warning("mails wait for the clock: %s", exc)
