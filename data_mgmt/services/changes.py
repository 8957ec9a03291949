"""A request is changed while its rule stands: kept longer or shorter, described, boosted, ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import get_backend
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import waiting
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.replicas import cancel, check, note, tell
from vre_portal import operations
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError
from vre_portal.models import Operation
from vre_portal.operations import Again, Done

LIFETIME, COMMENT, BOOST, END_LATER = (
    "data.lifetime",
    "data.comment",
    "data.boost",
    "data.end-later",
)
DAY = 86400
MAX_AT_ONCE = 500
#: Rucio may cut a lifetime by its own policy; less than this is the time that the call took.
CUT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change; None leaves the comment, and `keeps_lifetime` the lifetime, as it is."""

    lifetime_days: int | None = None
    keeps_lifetime: bool = True
    comment: str | None = None
    boost: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A request of several that could not be changed, and why."""

    request: ReplicaRequest
    reason: str


def change(request: ReplicaRequest, changes: Changes) -> ReplicaRequest:
    """Begin to change a request; each change is an operation of its own.

    Raises
    ------
    InvalidRequest
        Nothing is to change, or a value is out of bounds; `field` names it.
    Conflict
        The request has ended, or nothing of it is stuck or on its way that could be boosted.
    """
    if changes.keeps_lifetime and changes.comment is None and not changes.boost:
        words = _("Say what is to change: lifetime_days, comment or boost.")
        raise InvalidRequest(words, field="lifetime_days")
    check(1, changes.lifetime_days, changes.comment or "")
    with transaction.atomic():
        row = _locked(request)
        if changes.boost and row.state not in {RequestState.STUCK, RequestState.REPLICATING}:
            raise Conflict(_("boost: only what is stuck or on its way can be boosted."))
        if not changes.keeps_lifetime:
            row.lifetime_days = changes.lifetime_days
            _begin(row, LIFETIME, "extended", kept_text(changes.lifetime_days))
        if changes.comment is not None:
            row.comment = changes.comment
            _begin(row, COMMENT, "commented", _("Changed the comment on %(did)s at %(storage)s"))
        if changes.boost:
            _begin(row, BOOST, "boosted", _boost_text(row))
        row.save(update_fields=["lifetime_days", "comment", "attempt", "updated_at"])
    request.refresh_from_db()
    return request


def end_later(request: ReplicaRequest) -> ReplicaRequest:
    """Begin to let a request end in an hour; until then it may be extended again.

    Raises
    ------
    Conflict
        The request has ended, or has no rule yet.
    """
    with transaction.atomic():
        row = _locked(request)
        if not row.rule_id:
            raise Conflict(_("Rucio has no rule for it yet: cancel it instead."))
        _begin(row, END_LATER, "ending", _("Asked to let %(did)s at %(storage)s go in an hour"))
        row.save(update_fields=["attempt", "updated_at"])
    request.refresh_from_db()
    return request


def chosen(user: User, keys: Sequence[UUID]) -> list[ReplicaRequest]:
    """Return those of several requests that the user may see, newest first.

    Raises
    ------
    InvalidRequest
        None is chosen, or too many.
    """
    if len(keys) > MAX_AT_ONCE:
        words = _("Choose at most %(most)d requests at once.") % {"most": MAX_AT_ONCE}
        raise InvalidRequest(words, field="pk")
    mine = ReplicaRequest.objects.visible_to(user).select_related("user")
    found = list(mine.filter(pk__in=keys))
    for row in found:
        row.acted_by = user
    if not found:
        raise InvalidRequest(_("Choose at least one request."), field="pk")
    return found


def extend_all(requests: Sequence[ReplicaRequest], lifetime_days: int | None) -> list[Refused]:
    """Begin to give each the lifetime, and return those that can't have it."""
    changes = Changes(lifetime_days, keeps_lifetime=False)
    return _each(requests, lambda request: change(request, changes))


def cancel_all(requests: Sequence[ReplicaRequest]) -> list[Refused]:
    """Begin to end each, and return those that can't be ended."""
    return _each(requests, cancel)


def _each(
    requests: Sequence[ReplicaRequest], action: Callable[[ReplicaRequest], object]
) -> list[Refused]:
    refused = []
    for request in requests:
        try:
            action(request)
        except Conflict as exc:
            refused.append(Refused(request, exc.message))
    return refused


def kept_text(days: int | None) -> str:
    """Return the activity's sentence about a lifetime."""
    if days is None:
        return _("Asked to keep %(did)s at %(storage)s until let go")
    return ngettext(
        "Asked to keep %%(did)s at %%(storage)s for %(days)d day from now",
        "Asked to keep %%(did)s at %%(storage)s for %(days)d days from now",
        days,
    ) % {"days": days}


def _boost_text(row: ReplicaRequest) -> str:
    if row.state == RequestState.STUCK:
        return _("Asked to try %(did)s at %(storage)s again at once")
    return _("Asked to take %(did)s at %(storage)s before others")


def _locked(request: ReplicaRequest) -> ReplicaRequest:
    rows = ReplicaRequest.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.get(pk=request.pk)
    row.acted_by = request.acted_by
    if row.is_cancelling:
        raise Conflict(_("This request is being cancelled."))
    if not row.can_cancel:
        raise Conflict(_("This request has ended already."))
    return row


def _begin(row: ReplicaRequest, kind: str, verb: str, text: str) -> None:
    row.attempt += 1
    key = f"{kind}:{row.pk}:{row.attempt}"
    operations.begin(kind, subject=row.pk, user_id=row.actor.pk, key=key)
    tell(row, verb, text)
    note(verb, row)


def make_change(operation: Operation) -> operations.Outcome:
    """Tell Rucio one change; what has ended meanwhile needs none."""
    request = ReplicaRequest.objects.select_related("user").get(pk=operation.subject)
    if not request.can_cancel:
        return Done()
    if not request.rule_id:
        return Again(2.0)  # the rule is being made
    credential = credential_for(operation.user, SERVICE)
    waiting.forget(request)
    with suppress(NotFound):  # a rule that is gone is told by the watcher
        _STEPS[operation.kind](credential, request)
        if operation.kind in {LIFETIME, END_LATER}:
            end = _take_end_over(credential, request)
            if operation.kind == END_LATER:  # of an end that was asked for nobody is warned
                ReplicaRequest.objects.filter(pk=request.pk).update(warned_end=end)
    # The watcher looks at what came of it.
    ReplicaRequest.objects.filter(pk=request.pk).update(next_check_at=timezone.now())
    return Done()


def _take_end_over(credential: Credential, request: ReplicaRequest) -> datetime | None:
    end = get_backend().get_rule(credential, request.rule_id).expires_at
    ReplicaRequest.objects.filter(pk=request.pk).update(expires_at=end)
    days = request.lifetime_days
    if end is None or days is None or end > timezone.now() + timedelta(days=days) - CUT:
        return end
    if end > timezone.now() + 2 * CUT:
        day = date_format(localtime(end), "DATE_FORMAT")
        text = _("Rucio keeps %%(did)s at %%(storage)s only until %(day)s") % {"day": day}
        tell(request, "lifetime-cut", text, level="warning")
    return end


def _set_lifetime(credential: Credential, request: ReplicaRequest) -> None:
    seconds = request.lifetime_days * DAY if request.lifetime_days else None
    get_backend().set_lifetime(credential, request.rule_id, seconds)


def _set_comment(credential: Credential, request: ReplicaRequest) -> None:
    get_backend().set_comment(credential, request.rule_id, request.comment)


def _boost(credential: Credential, request: ReplicaRequest) -> None:
    if request.state == RequestState.STUCK:
        get_backend().boost_rule(credential, request.rule_id)
    else:
        get_backend().hurry_rule(credential, request.rule_id)


def _end_later(credential: Credential, request: ReplicaRequest) -> None:
    get_backend().end_rule_later(credential, request.rule_id)


_STEPS: Mapping[str, Callable[[Credential, ReplicaRequest], None]] = {
    LIFETIME: _set_lifetime,
    COMMENT: _set_comment,
    BOOST: _boost,
    END_LATER: _end_later,
}


def change_failed(operation: Operation, error: PortalError) -> None:
    """Tell that a change was not made, and take a lifetime back to what the rule has."""
    request = ReplicaRequest.objects.get(pk=operation.subject)
    if operation.kind == LIFETIME:
        kept = request.expires_at and request.expires_at - request.created_at
        request.lifetime_days = max(1, ceil(kept / timedelta(days=1))) if kept else None
        request.save(update_fields=["lifetime_days", "updated_at"])
    texts = {
        LIFETIME: _("The lifetime of %(did)s at %(storage)s could not be changed: "),
        COMMENT: _("Rucio did not take the comment on %(did)s at %(storage)s: "),
        BOOST: _("%(did)s at %(storage)s could not be boosted: "),
        END_LATER: _("%(did)s at %(storage)s could not be let go: "),
    }
    text = texts[operation.kind] + error.message.replace("%", "%%")
    tell(request, "change-failed", text, level="error")


def register() -> None:
    """Say which step drives each kind of change."""
    for kind in _STEPS:
        operations.register(kind, make_change, give_up=change_failed)
