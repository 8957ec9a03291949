"""A request is compared with its rule: what has changed is saved, then told."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from activity.models import Event
from activity.services import record_all
from data_mgmt.backends import Did, Rule, RuleState, get_backend
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import pace
from data_mgmt.services.catalogue import SERVICE, cache_key
from data_mgmt.services.reasons import plain_reason, stuck_reason
from data_mgmt.services.replicas import finish, happened, publish_states
from vre_portal.errors import PortalError

#: Set while changes are heard of by the list of changed rules.
POLLED_AT = "rules:polled-at"
POLLED_SECONDS = 30
FASTEST, SLOWEST = 2.0, 60.0
#: Looked at again after this part of its age.
AGE_PART = 20
#: Where changes are heard of, a look only finds rules that were removed.
SWEEP_SECONDS = 600.0
#: When what was left out for want of questions is asked.
SOON = timedelta(seconds=10)
EXPIRED_SPARE = timedelta(seconds=30)
#: Up to so many files the bytes are added up file by file; beyond, in proportion to the files.
EXACT_FILES = 2000
SIZES_SECONDS = 60
BATCH = 500
FIELDS = (
    "state", "reason", "files_done", "files_total", "bytes_done", "bytes_total", "expires_at",
    "finished_at", "last_checked_at", "next_check_at",
)  # fmt: skip
STATES: Mapping[RuleState, RequestState] = {
    RuleState.INJECT: RequestState.PREPARING,
    RuleState.REPLICATING: RequestState.REPLICATING,
    RuleState.OK: RequestState.OK,
    RuleState.STUCK: RequestState.STUCK,
    RuleState.SUSPENDED: RequestState.STUCK,
    RuleState.WAITING_APPROVAL: RequestState.WAITING_APPROVAL,
}


@dataclass
class Questions:
    """How many more questions Rucio may be asked at this tick, and until when."""

    left: int
    until: float = float("inf")

    def take(self, count: int = 1) -> bool:
        """Take some, if there are as many and it is not too late."""
        if self.left < count or time.monotonic() > self.until:
            return False
        self.left -= count
        return True


def is_news(request: ReplicaRequest, rule: Rule) -> bool:
    """Whether a rule tells anything that is not known yet."""
    known = (request.state, request.files_done, request.expires_at)
    done = request.files_total if rule.state is RuleState.OK else rule.locks_ok
    total = rule.locks_total or request.files_total
    now = (STATES[rule.state], done, rule.expires_at)
    return known != now or total != request.files_total


def compare(request: ReplicaRequest, rule: Rule, questions: Questions) -> bool:
    """Take over what a rule says, and tell it where it is new; False where details are left."""
    return not compare_all([(request, rule)], questions)


def compare_all(
    pairs: Sequence[tuple[ReplicaRequest, Rule]], questions: Questions
) -> list[tuple[ReplicaRequest, Rule]]:
    """Compare many at once and tell them together; return those whose details are left."""
    left, changed, events = [], [], []
    for request, rule in pairs:
        was, before = request.state, _shown(request)
        is_told = _take_over(request, rule, questions)
        request.last_checked_at = now = timezone.now()
        request.next_check_at = next_check(request, now) if is_told else now + SOON
        pace.note(request, now)
        if not is_told:
            left.append((request, rule))
        if _shown(request) != before:
            changed.append(request)
        if request.state != was:
            events.append(_event(request))
    _save([request for request, _rule in pairs], changed, events)
    return left


@transaction.atomic
def _save(
    requests: Sequence[ReplicaRequest], changed: Sequence[ReplicaRequest], events: Sequence[Event]
) -> None:
    rows = ReplicaRequest.objects.select_for_update(of=("self",)).order_by("pk")
    known = rows.filter(pk__in=[request.pk for request in requests])
    # A cancellation that ended meanwhile must not be undone.
    held = {row.pk for row in known if not row.finished_at or row.state == RequestState.OK}
    saved = [request for request in requests if request.pk in held]
    # Ten times as quick as `bulk_update`; the lock keeps a row from being inserted anew.
    ReplicaRequest.objects.bulk_create(
        saved, BATCH, update_conflicts=True, unique_fields=["id"], update_fields=FIELDS
    )
    news = [request for request in changed if request.pk in held]
    ReplicaRequest.objects.filter(pk__in=[request.pk for request in news]).update(
        updated_at=timezone.now()
    )
    subjects = {str(pk) for pk in held}
    record_all([event for event in events if event.subject_id in subjects])
    publish_states(news)


def _take_over(request: ReplicaRequest, rule: Rule, questions: Questions) -> bool:
    """Take a rule over; False when details are to be asked for at the next tick."""
    request.state = STATES[rule.state]
    request.expires_at = rule.expires_at
    if rule.locks_total:
        request.files_total = rule.locks_total
    request.files_done = rule.locks_ok
    reason, request.reason = request.reason, ""
    if request.state == RequestState.OK:
        request.files_done = request.files_total
        request.bytes_done = request.bytes_total
        request.finished_at = request.finished_at or timezone.now()
        return True
    request.finished_at = None
    request.bytes_done, is_exact = _bytes_done(request, rule, questions)
    if request.state != RequestState.STUCK:
        return is_exact
    if rule.error or not rule.locks_stuck or questions.take():
        request.reason = _stuck_reason(request, rule)
        return is_exact
    request.reason = reason or plain_reason(rule)
    return False


def _stuck_reason(request: ReplicaRequest, rule: Rule) -> str:
    try:
        return stuck_reason(credential_for(request.user, SERVICE), rule)
    except PortalError:
        return plain_reason(rule)


def _bytes_done(request: ReplicaRequest, rule: Rule, questions: Questions) -> tuple[int, bool]:
    """Return the bytes that are there, and whether that is all that can be told of them."""
    if not rule.locks_ok or not rule.locks_total:
        return 0, True
    share = request.bytes_total * rule.locks_ok // rule.locks_total
    if rule.locks_total > EXACT_FILES:
        return share, True
    if not questions.take(2):
        return share, False
    try:
        return _exact_bytes(request, rule), True
    except PortalError:
        return share, True


def _exact_bytes(request: ReplicaRequest, rule: Rule) -> int:
    credential = credential_for(request.user, SERVICE)
    key = cache_key("sizes", str(request.did))
    sizes: dict[Did, int] | None = cache.get(key)
    if sizes is None:
        files = get_backend().list_files(credential, request.did, limit=EXACT_FILES)
        sizes = {file.did: file.bytes for file in files}
        cache.set(key, sizes, SIZES_SECONDS)
    locks = get_backend().list_locks(credential, rule.id)
    request.bytes_total = sum(sizes.get(lock.did, 0) for lock in locks)
    return sum(sizes.get(lock.did, 0) for lock in locks if lock.state is RuleState.OK)


def gone(request: ReplicaRequest, reason: str = "") -> None:
    """Record that the rule of a request is no longer there."""
    request.refresh_from_db()
    if request.state == RequestState.CANCELLED:
        return
    if request.cancel_requested_at:
        finish(request, RequestState.CANCELLED)
    elif request.expires_at and request.expires_at <= timezone.now():
        finish(request, RequestState.EXPIRED)
    else:
        words = reason or _("Its rule was removed in Rucio.")
        finish(request, RequestState.CANCELLED, reason=words)


def next_check(request: ReplicaRequest, now: datetime) -> datetime | None:
    """Return when to look again; None when nothing can change by itself."""
    if request.is_active:
        return now + timedelta(seconds=_pause(request, now) * random.uniform(0.9, 1.0))  # noqa: S311 - jitter
    return request.expires_at + EXPIRED_SPARE if request.expires_at else None


def _pause(request: ReplicaRequest, now: datetime) -> float:
    if cache.get(POLLED_AT):
        # A rule that is denied is removed, which no list of changes tells.
        waits = request.state == RequestState.WAITING_APPROVAL
        return SLOWEST if waits else SWEEP_SECONDS
    age = (now - request.created_at).total_seconds()
    return min(max(age / AGE_PART, FASTEST), SLOWEST)


def _shown(request: ReplicaRequest) -> tuple[object, ...]:
    return (
        request.state, request.reason, request.files_done, request.files_total,
        request.bytes_done, request.bytes_total, request.expires_at,
    )  # fmt: skip


def _event(request: ReplicaRequest) -> Event:
    texts = {
        RequestState.PREPARING: (_("Rucio prepares %(did)s at %(storage)s"), "info"),
        RequestState.REPLICATING: (_("Copying %(did)s to %(storage)s"), "info"),
        RequestState.OK: (_("%(did)s is complete at %(storage)s"), "ok"),
        RequestState.STUCK: (_("%(did)s is stuck on its way to %(storage)s"), "warning"),
        RequestState.WAITING_APPROVAL: (_("%(did)s at %(storage)s waits for approval"), "info"),
    }
    text, level = texts[RequestState(request.state)]
    return happened(request, str(request.state), text, level=level)
