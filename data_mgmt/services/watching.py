"""The watcher: one list of rules a user, however many requests and pages there are."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import Did, Rule, RuleState, get_backend
from data_mgmt.models import ACTIVE, ReplicaRequest, RequestState
from data_mgmt.services import pace
from data_mgmt.services.catalogue import SERVICE, cache_key
from data_mgmt.services.reasons import stuck_reason
from data_mgmt.services.replicas import finish, publish_state, tell
from vre_portal.errors import NotFound, PortalError
from vre_portal.health import is_down

log = logging.getLogger(__name__)

CLAIM_LIMIT = 500
#: A watcher that dies holds its requests back for so long.
CLAIM_SECONDS = 20.0
FASTEST, SLOWEST = 2.0, 60.0
#: Looked at again after this part of its age.
AGE_PART = 20
DOWN_SECONDS = 10.0
EXPIRED_SPARE = timedelta(seconds=30)
#: Up to so many files the bytes are added up file by file; beyond, in proportion to the files.
EXACT_FILES = 2000
SIZES_SECONDS = 60
STATES: Mapping[RuleState, RequestState] = {
    RuleState.INJECT: RequestState.PREPARING,
    RuleState.REPLICATING: RequestState.REPLICATING,
    RuleState.OK: RequestState.OK,
    RuleState.STUCK: RequestState.STUCK,
    RuleState.SUSPENDED: RequestState.STUCK,
    RuleState.WAITING_APPROVAL: RequestState.WAITING_APPROVAL,
}


@transaction.atomic
def claim_due(now: datetime | None = None) -> list[UUID]:
    """Return the users with requests to look at, and keep others from looking meanwhile."""
    at = now or timezone.now()
    due = (
        ReplicaRequest.objects.select_for_update(skip_locked=True)
        .filter(next_check_at__lte=at)
        .exclude(rule_id="")
        .order_by("next_check_at")
    )
    rows = list(due.values_list("pk", "user_id")[:CLAIM_LIMIT])
    later = at + timedelta(seconds=CLAIM_SECONDS)
    ReplicaRequest.objects.filter(pk__in=[pk for pk, _user in rows]).update(next_check_at=later)
    return sorted({user_id for _pk, user_id in rows})


def look(user_id: UUID) -> None:
    """Compare a user's open requests with their rules: one list, one question for each missing."""
    claimed = timezone.now() + timedelta(seconds=CLAIM_SECONDS)
    due = Q(state__in=ACTIVE) | Q(next_check_at__lte=claimed)
    rows = ReplicaRequest.objects.filter(due, user_id=user_id).exclude(rule_id="")
    requests = list(rows.order_by("created_at"))
    if not requests:
        return
    if is_down(SERVICE):
        _later([request.pk for request in requests], DOWN_SECONDS)
        return
    try:
        credential = credential_for(User.objects.get(pk=user_id), SERVICE)
        since = requests[0].created_at - timedelta(minutes=5)
        rules = get_backend().list_rules(credential, created_after=since)
    except PortalError as exc:
        log.info("requests of %s not checked: %s", user_id, exc.message)
        _later([request.pk for request in requests], DOWN_SECONDS if exc.retryable else SLOWEST)
        return
    by_id = {rule.id: rule for rule in rules}
    for request in requests:
        try:
            _compare(credential, request, by_id.get(request.rule_id))
        except PortalError as exc:
            log.info("request %s not checked: %s", request.pk, exc.message)
            _later([request.pk], DOWN_SECONDS)


def look_soon(request: ReplicaRequest) -> None:
    """Have a request looked at by the next tick, because somebody opened its page."""
    if request.is_active and request.rule_id:
        soon = timezone.now()
        waiting = ReplicaRequest.objects.filter(pk=request.pk, next_check_at__gt=soon)
        # A claim in progress is not disturbed: it is younger than this.
        recent = soon - timedelta(seconds=FASTEST)
        waiting.exclude(last_checked_at__gt=recent).update(next_check_at=soon)


def _later(keys: list[UUID], seconds: float) -> None:
    later = timezone.now() + timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311
    ReplicaRequest.objects.filter(pk__in=keys).update(next_check_at=later)


def _compare(credential: Credential, request: ReplicaRequest, listed: Rule | None) -> None:
    try:
        rule = listed or get_backend().get_rule(credential, request.rule_id)
    except NotFound:
        _gone(request)
        return
    was, before = request.state, _shown(request)
    _take_over(credential, request, rule)
    now = timezone.now()
    pace.note(request, now)
    request.last_checked_at = now
    request.next_check_at = _next_check(request, now)
    fields = [
        "state", "reason", "files_done", "files_total", "bytes_done", "bytes_total",
        "expires_at", "finished_at", "last_checked_at", "next_check_at",
    ]  # fmt: skip
    changed = _shown(request) != before
    with transaction.atomic():
        # A cancellation that ended meanwhile must not be undone.
        row = ReplicaRequest.objects.select_for_update().get(pk=request.pk)
        if row.finished_at and row.state != RequestState.OK:
            return
        request.save(update_fields=[*fields, "updated_at"] if changed else fields)
        if request.state != was:
            _tell_state(request)
        elif changed:
            publish_state(request)


def _take_over(credential: Credential, request: ReplicaRequest, rule: Rule) -> None:
    request.state = STATES[rule.state]
    request.expires_at = rule.expires_at
    if rule.locks_total:
        request.files_total = rule.locks_total
    request.files_done = rule.locks_ok
    request.reason = ""
    if request.state == RequestState.OK:
        request.files_done = request.files_total
        request.bytes_done = request.bytes_total
        request.finished_at = request.finished_at or timezone.now()
        return
    request.finished_at = None
    request.bytes_done = _bytes_done(credential, request, rule)
    if request.state == RequestState.STUCK:
        request.reason = stuck_reason(credential, rule)


def _bytes_done(credential: Credential, request: ReplicaRequest, rule: Rule) -> int:
    if not rule.locks_ok or not rule.locks_total:
        return 0
    if rule.locks_total > EXACT_FILES:
        return request.bytes_total * rule.locks_ok // rule.locks_total
    sizes = _sizes(credential, request.did)
    locks = get_backend().list_locks(credential, rule.id)
    request.bytes_total = sum(sizes.get(str(lock.did), 0) for lock in locks)
    return sum(sizes.get(str(lock.did), 0) for lock in locks if lock.state is RuleState.OK)


def _sizes(credential: Credential, did: Did) -> dict[str, int]:
    key = cache_key("sizes", str(did))
    found: dict[str, int] | None = cache.get(key)
    if found is not None:
        return found
    files = get_backend().list_files(credential, did, limit=EXACT_FILES)
    sizes = {str(file.did): file.bytes for file in files}
    cache.set(key, sizes, SIZES_SECONDS)
    return sizes


def _gone(request: ReplicaRequest) -> None:
    request.refresh_from_db()
    if request.state == RequestState.CANCELLED:
        return
    if request.cancel_requested_at:
        finish(request, RequestState.CANCELLED)
    elif request.expires_at and request.expires_at <= timezone.now():
        finish(request, RequestState.EXPIRED)
    else:
        finish(request, RequestState.CANCELLED, reason=_("Its rule was removed in Rucio."))


def _next_check(request: ReplicaRequest, now: datetime) -> datetime | None:
    if request.is_active:
        age = (now - request.created_at).total_seconds()
        seconds = min(max(age / AGE_PART, FASTEST), SLOWEST)
        return now + timedelta(seconds=seconds * random.uniform(0.9, 1.0))  # noqa: S311 - jitter
    return request.expires_at + EXPIRED_SPARE if request.expires_at else None


def _shown(request: ReplicaRequest) -> tuple[object, ...]:
    return (
        request.state, request.reason, request.files_done, request.files_total,
        request.bytes_done, request.bytes_total, request.expires_at,
    )  # fmt: skip


def _tell_state(request: ReplicaRequest) -> None:
    texts = {
        RequestState.PREPARING: (_("Rucio prepares %(did)s at %(storage)s"), "info"),
        RequestState.REPLICATING: (_("Copying %(did)s to %(storage)s"), "info"),
        RequestState.OK: (_("%(did)s is complete at %(storage)s"), "ok"),
        RequestState.STUCK: (_("%(did)s is stuck on its way to %(storage)s"), "warning"),
        RequestState.WAITING_APPROVAL: (_("%(did)s at %(storage)s waits for approval"), "info"),
    }
    text, level = texts[RequestState(request.state)]
    tell(request, str(request.state), text, level=level)
