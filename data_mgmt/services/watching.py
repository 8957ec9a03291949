"""The watcher: one poller, one list of what changed, however many requests and pages there are."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.core.cache import cache
from django.db.models import Min, Q
from django.utils import timezone

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import Rule, get_backend
from data_mgmt.models import ACTIVE, ReplicaRequest, RequestState
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.comparing import (
    FASTEST,
    POLLED_AT,
    POLLED_SECONDS,
    SLOWEST,
    Questions,
    compare,
    compare_all,
    gone,
    is_news,
    next_check,
)
from data_mgmt.services.decisions import denial_of
from vre_portal.config import get_config
from vre_portal.errors import NotFound, PortalError
from vre_portal.health import is_down

log = logging.getLogger(__name__)

#: The clock calls every second: with the list of changes that is four questions a second.
QUESTIONS = 3
#: After so long a tick asks nothing more, so that the next one hears of changes in time.
TICK_SECONDS = 0.7
ALONE = "rules:poller"
ALONE_SECONDS = 30
CURSOR = "rules:cursor"
#: Rucio writes the time of a change before it commits it.
OVERLAP = timedelta(seconds=20)
#: What changed before a cursor was lost is left to the looks.
LOOKED_BACK = timedelta(minutes=10)
BATCH = 500
#: A look that breaks off holds its requests back for so long.
CLAIM_SECONDS = 20.0
DOWN_SECONDS = 10.0


def tick() -> None:
    """Hear of what changed, then look at requests that are due, with a bounded count of questions.

    Only one ticks at a time: a second one leaves it to the first.
    """
    if is_down(SERVICE) or not cache.add(ALONE, "1", ALONE_SECONDS):
        return
    try:
        questions = Questions(QUESTIONS, time.monotonic() + TICK_SECONDS)
        hear_changes_as_service(questions)
        for user_id in due_users():
            if not questions.take():
                break
            look(user_id, questions)
    finally:
        cache.delete(ALONE)


def hear_changes_as_service(questions: Questions) -> None:
    """Compare what is watched with the rules that changed since the last tick, of all people.

    Asked with the service credential, as the one list serves everybody; each request is compared
    with its own rule only. Without that credential the looks do it, user by user.
    """
    if get_config().rucio_service_password is None or not _anything_watched():
        return
    since = _cursor()
    try:
        credential = get_backend().service_credential()
        latest = _take_over(get_backend().rules_changed(credential, since - OVERLAP), questions)
    except PortalError as exc:
        log.warning("changed rules not heard of: %s", exc.message)
        return
    cache.set(CURSOR, max(filter(None, (since, latest))), None)
    cache.set(POLLED_AT, timezone.now(), POLLED_SECONDS)


def _anything_watched() -> bool:
    return ReplicaRequest.objects.filter(next_check_at__isnull=False).exists()


def _cursor() -> datetime:
    """Return the time of the latest change that was heard of, by Rucio's clock."""
    earliest = timezone.now() - LOOKED_BACK
    known: datetime | None = cache.get(CURSOR)
    return max(known, earliest) if known else earliest


def _take_over(changed: Iterator[Rule], questions: Questions) -> datetime | None:
    """Tell everybody what the rules say themselves, and then ask for details."""
    latest: datetime | None = None
    unexplained: list[tuple[ReplicaRequest, Rule]] = []
    while rules := tuple(islice(changed, BATCH)):
        latest = max(filter(None, (latest, *(rule.updated_at for rule in rules))), default=None)
        by_id = {rule.id: rule for rule in rules}
        watched = ReplicaRequest.objects.filter(rule_id__in=by_id, state__in=(*ACTIVE, "ok"))
        pairs = ((request, by_id[request.rule_id]) for request in watched.select_related("user"))
        news = [pair for pair in pairs if is_news(*pair)]
        unexplained += compare_all(news, Questions(0))
    for request, rule in unexplained[: questions.left]:
        compare(request, rule, questions)
    return latest


def due_users(now: datetime | None = None) -> list[UUID]:
    """Return the users with requests to look at, who wait the longest first."""
    due = ReplicaRequest.objects.filter(next_check_at__lte=now or timezone.now())
    waiting = due.exclude(rule_id="").values("user_id").annotate(first=Min("next_check_at"))
    return [row["user_id"] for row in waiting.order_by("first")[:QUESTIONS]]


def look(user_id: UUID, questions: Questions) -> None:
    """Compare a user's open requests with their rules: one list, one question for each missing."""
    due = Q(state__in=ACTIVE) | Q(next_check_at__lte=timezone.now())
    rows = ReplicaRequest.objects.filter(due, user_id=user_id).exclude(rule_id="")
    requests = list(rows.select_related("user").order_by("created_at"))
    if not requests:
        return
    _later(requests, CLAIM_SECONDS)
    try:
        credential = credential_for(User.objects.get(pk=user_id), SERVICE)
        since = requests[0].created_at - timedelta(minutes=5)
        rules = get_backend().list_rules(credential, created_after=since)
    except PortalError as exc:
        log.info("requests of %s not checked: %s", user_id, exc.message)
        _later(requests, DOWN_SECONDS if exc.retryable else SLOWEST)
        return
    by_id = {rule.id: rule for rule in rules}
    for request in _not_quiet(requests, by_id):
        try:
            _look_at(credential, request, by_id.get(request.rule_id), questions)
        except PortalError as exc:
            log.info("request %s not checked: %s", request.pk, exc.message)
            _later([request], DOWN_SECONDS)


def _not_quiet(
    requests: Iterable[ReplicaRequest], rules: Mapping[str, Rule]
) -> Iterator[ReplicaRequest]:
    """Yield the requests that need a comparison; the others are only noted as looked at."""
    quiet, now = [], timezone.now()
    for request in requests:
        rule = rules.get(request.rule_id)
        if rule is None or request.state == RequestState.STUCK or is_news(request, rule):
            yield request
            continue
        request.last_checked_at, request.next_check_at = now, next_check(request, now)
        quiet.append(request)
    ReplicaRequest.objects.bulk_update(quiet, ["last_checked_at", "next_check_at"], BATCH)


def _look_at(
    credential: Credential, request: ReplicaRequest, listed: Rule | None, questions: Questions
) -> None:
    if listed is None and not questions.take():
        _later([request], FASTEST)
        return
    try:
        rule = listed or get_backend().get_rule(credential, request.rule_id)
    except NotFound:
        gone(request, denial_of(request.rule_id))
        return
    compare(request, rule, questions)


def look_soon(request: ReplicaRequest) -> None:
    """Have a request looked at by the next tick, because somebody opened its page.

    Where changes are heard of there is nothing that a look would add.
    """
    if request.is_active and request.rule_id and not cache.get(POLLED_AT):
        soon = timezone.now()
        waiting = ReplicaRequest.objects.filter(pk=request.pk, next_check_at__gt=soon)
        # A look in progress is not disturbed: it is younger than this.
        recent = soon - timedelta(seconds=FASTEST)
        waiting.exclude(last_checked_at__gt=recent).update(next_check_at=soon)


def known_at(request: ReplicaRequest) -> datetime | None:
    """Return of when what is known of a request is."""
    polled: datetime | None = cache.get(POLLED_AT)
    if request.last_checked_at is None or polled is None or not request.is_active:
        return request.last_checked_at
    return max(request.last_checked_at, polled)


def _later(requests: Iterable[ReplicaRequest], seconds: float) -> None:
    later = timezone.now() + timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311
    keys = [request.pk for request in requests]
    ReplicaRequest.objects.filter(pk__in=keys).update(next_check_at=later)
