"""Queue mails and deliveries with the events that they tell of, and wake whoever sends them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.mailboxes import verified_addresses
from activity.models import Delivery, Event, Mail, Webhook
from activity.services.kinds import BY_VERB
from activity.services.preferences import wanted_by
from vre_portal.config import get_config

log = logging.getLogger(__name__)
SEND, DELIVER = "activity.send_mails", "activity.deliver"
#: The clock asks as often: a message that waited longer for a worker says nothing new.
WAKE_SECONDS = 15


def queue(events: Sequence[Event]) -> None:
    """Queue what goes out of these events, as each person wants it; in their transaction."""
    notices = [event for event in events if event.verb in BY_VERB]
    if notices:
        _queue_mails(notices)
        _queue_deliveries(notices)


def wake(task: str) -> None:
    """Have a task run now; where no broker answers, the clock will."""
    try:
        current_app.send_task(task, expires=WAKE_SECONDS, retry=False)
    except (OSError, OperationalError) as exc:
        what = "mails wait" if task == SEND else "webhooks wait"
        log.warning("%s for the clock: %s", what, exc)


def _queue_mails(notices: Sequence[Event]) -> None:
    if get_config().mail_server is None:
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
        transaction.on_commit(partial(wake, SEND))


def _queue_deliveries(notices: Sequence[Event]) -> None:
    people = {event.user_id for event in notices}
    hooks = Webhook.objects.filter(
        user__in=people, off_since=None, user__is_active=True, user__delete_after=None
    )
    by_user = {hook.user_id: hook for hook in hooks.defer("secret")}
    now = timezone.now()
    deliveries = [
        Delivery(event=event, webhook=hook, due_at=now, created_at=now)
        for event in notices
        if (hook := by_user.get(event.user_id)) and BY_VERB[event.verb].key in hook.kinds
    ]
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        transaction.on_commit(partial(wake, DELIVER))
