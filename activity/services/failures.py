"""What follows from a webhook that does not take a notice: later, given up, or switched off."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from activity.models import OPEN, Delivery, Level, MailState, Webhook
from activity.services.recording import record

log = logging.getLogger(__name__)
#: Pauses after the failures of a notice; there are as many tries, and the first one.
PAUSES = [timedelta(seconds=each) for each in (30, 60, 300, 900, 3600, 10800, 21600)]
#: So old a notice is not sent any more, and so long an address may fail.
PATIENCE = timedelta(days=1)


def postpone(rows: QuerySet[Delivery], failed: UUID, problem: str, now: datetime) -> None:
    """Count a failure of one delivery, give it up after its last try, and let the others wait."""
    row = rows.filter(pk=failed).first()
    if row is None:
        return
    row.attempts, row.problem = row.attempts + 1, problem
    pause = PAUSES[min(row.attempts, len(PAUSES)) - 1]
    row.state, row.due_at = MailState.WAITING.value, now + pause
    if row.attempts > len(PAUSES):
        row.state = MailState.GIVEN_UP.value
        log.warning("delivery %s given up after %s tries: %s", row.pk, row.attempts, problem)
    rows.exclude(pk=failed).update(state=MailState.WAITING, due_at=now + pause)
    row.save(update_fields=["attempts", "problem", "state", "due_at"])


def remember(webhook: QuerySet[Webhook], problem: str, now: datetime) -> None:
    """Note that an address failed, and since when; after a day of that switch it off."""
    if not webhook.update(problem=problem, failing_since=Coalesce(F("failing_since"), now)):
        return
    long_ago = webhook.filter(failing_since__lt=now - PATIENCE, off_since=None).first()
    if long_ago is not None:
        switch_off(long_ago.pk, problem, now)


def switch_off(webhook: UUID, problem: str, now: datetime) -> None:
    """Send nothing more to an address until its person says so, and tell them in the inbox."""
    found = Webhook.objects.filter(pk=webhook, off_since=None)
    if not found.update(
        off_since=now, problem=problem, failing_since=Coalesce("failing_since", now)
    ):
        return
    _give_up(Delivery.objects.filter(webhook=webhook))
    row = Webhook.objects.get(pk=webhook)
    log.warning("webhook %s switched off: %s", webhook, problem)
    record(
        user_id=row.user_id, verb="webhook.off", subject=("webhook", webhook), level=Level.WARNING,
        text=_("Your webhook was switched off: it %(problem)s.") % {"problem": problem},
        url=reverse("activity:preferences"),
    )  # fmt: skip


def give_up_old(now: datetime) -> None:
    """Give up what waits for longer than a day: it is no news any more."""
    old = Delivery.objects.filter(created_at__lt=now - PATIENCE)
    _give_up(old.exclude(state=MailState.SENDING, due_at__gt=now))


def _give_up(rows: QuerySet[Delivery]) -> None:
    rows.filter(state__in=OPEN).update(state=MailState.GIVEN_UP)
