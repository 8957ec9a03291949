"""Send what waits for webhooks: at least once, one process at a time, all addresses at once.

A row is claimed before it is posted and marked afterwards. Whoever dies in between leaves a claim
that ends: the notice goes again, with the same id. Of one address one request is under way, and
after the first failure the rest of its notices wait with the one that failed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone

from activity.models import OPEN, Delivery, MailState, Webhook
from activity.services import failures, posting, webhooks
from activity.services.alone import alone
from activity.services.outbox import DELIVER, wake
from activity.services.payloads import payload
from activity.services.posting import NotTaken, Target

#: Addresses, and notices for each, in one round.
ADDRESSES, AT_ONCE = 50, 20
#: How long a round starts another post to the same address; the last one may take its time.
STARTS_SECONDS = 2.0
#: Longer than a round.
CLAIM = timedelta(minutes=2)
KEEP = timedelta(days=30)
#: Names the lock in PostgreSQL: "hook" in ASCII.
LOCK = 0x686F6F6B


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes to one address in a round: the rows' keys with their bodies, in order."""

    webhook: UUID
    target: Target
    letters: Sequence[tuple[UUID, bytes]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many of a parcel's letters were taken, and why the next one was not, if it was tried."""

    taken: int
    problem: str = ""


def send_due() -> int:
    """Send one round of what is due and return how many were taken; 0 while another process does.

    It takes ten seconds at most, whatever the addresses do, and wakes the next one where more is
    due.
    """
    with alone(LOCK) as is_mine:
        if not is_mine:
            return 0
        failures.give_up_old(timezone.now())
        parcels = _claim(timezone.now())
        if not parcels:
            return 0
        outcomes = asyncio.run(_post_all(parcels))
        for parcel, outcome in zip(parcels, outcomes, strict=True):
            _take_over(parcel, outcome)
        is_more = _due(timezone.now()).exists()
    if is_more:
        wake(DELIVER)
    return sum(outcome.taken for outcome in outcomes)


def tidy() -> None:
    """Forget what was sent, or given up, a month ago."""
    Delivery.objects.exclude(state__in=OPEN).filter(created_at__lt=timezone.now() - KEEP).delete()


def _due(now: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        state__in=OPEN, due_at__lte=now, webhook__off_since=None,
        webhook__user__is_active=True, webhook__user__delete_after=None,
    )  # fmt: skip


@transaction.atomic
def _claim(now: datetime) -> list[Parcel]:
    """Claim what is due for the addresses that wait longest."""
    waiting = _due(now).values("webhook").annotate(first=Min("due_at")).order_by("first")
    keys = [each["webhook"] for each in waiting[:ADDRESSES]]
    found = Webhook.objects.filter(pk__in=keys)
    parcels = [parcel for row in found if (parcel := _parcel(row, now))]
    claimed = [key for parcel in parcels for key, _body in parcel.letters]
    Delivery.objects.filter(pk__in=claimed).update(state=MailState.SENDING, due_at=now + CLAIM)
    return parcels


def _parcel(row: Webhook, now: datetime) -> Parcel | None:
    try:
        target = webhooks.target(row)
    except NotTaken as exc:
        failures.switch_off(row.pk, str(exc), now)
        return None
    # Those that were tried least go first: one that is never taken does not stop the others.
    due = _due(now).filter(webhook=row).order_by("attempts", "created_at", "event__at")
    rows = due.select_related("event")[:AT_ONCE]
    return Parcel(row.pk, target, [(each.pk, payload(each.event)) for each in rows])


async def _post_all(parcels: Sequence[Parcel]) -> list[Outcome]:
    return await asyncio.gather(*map(_post, parcels))


async def _post(parcel: Parcel) -> Outcome:
    until = time.monotonic() + STARTS_SECONDS
    for taken, (_key, body) in enumerate(parcel.letters):
        if taken and time.monotonic() > until:
            return Outcome(taken)
        try:
            await posting.post(parcel.target, body, timestamp=str(int(time.time())))
        except NotTaken as exc:
            return Outcome(taken, str(exc))
    return Outcome(len(parcel.letters))


@transaction.atomic
def _take_over(parcel: Parcel, outcome: Outcome) -> None:
    now = timezone.now()
    keys = [key for key, _body in parcel.letters]
    mine = Delivery.objects.filter(webhook=parcel.webhook, state=MailState.SENDING)
    # Whoever changed the address meanwhile starts afresh: this outcome is the old one's.
    row = Webhook.objects.filter(pk=parcel.webhook, url=parcel.target.url)
    if outcome.taken:
        mine.filter(pk__in=keys[: outcome.taken]).update(
            state=MailState.SENT, sent_at=now, problem="", attempts=F("attempts") + 1
        )
        row.update(worked_at=now, failing_since=None, problem="")
    rest = mine.filter(pk__in=keys[outcome.taken :])
    if not outcome.problem:
        rest.update(state=MailState.WAITING, due_at=now)
        return
    failures.postpone(rest, keys[outcome.taken], outcome.problem, now)
    failures.remember(row, outcome.problem, now)
