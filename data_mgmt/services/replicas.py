"""Replica requests: asked for, made true in Rucio exactly once, cancelled, tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import Credential, credential_for
from accounts.models import User
from activity.models import Event
from activity.services import record_all
from data_mgmt.backends import Did, Rule, get_backend
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.estimates import check_copies
from vre_portal import operations
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError
from vre_portal.live import publish_all
from vre_portal.models import Operation
from vre_portal.operations import Again, Done

CREATE = "data.replicate"
CANCEL = "data.cancel"
MAX_LIFETIME_DAYS = 3650
MAX_COMMENT = 250
TOPIC = "replica-request"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request is."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int


def find(user: User, request_id: UUID | str) -> ReplicaRequest:
    """Return a request that the user may see, or raise `NotFound`."""
    try:
        found = ReplicaRequest.objects.visible_to(user).select_related("user").get(pk=request_id)
    except (ReplicaRequest.DoesNotExist, ValidationError) as exc:
        raise NotFound(_("There is no such request.")) from exc
    found.acted_by = user
    return found


@transaction.atomic
def save(request: ReplicaRequest) -> ReplicaRequest:
    """Write a new request, and begin to make it true."""
    request.save()
    _begin(CREATE, request)
    tell(request, "requested", _("Asked for a copy of %(did)s at %(storage)s"))
    note("requested", request)
    return request


def note(verb: str, request: ReplicaRequest) -> None:
    """Write what the person did to the audit log."""
    detail = {"did": str(request.did), "storage": request.storage}
    about = (TOPIC, request.pk)
    if request.account:
        detail["as"] = request.account
    audit.record(f"{TOPIC}.{verb}", actor=request.actor, about=about, detail=detail)


def _begin(kind: str, request: ReplicaRequest) -> None:
    key = f"{kind}:{request.pk}:{request.attempt}"
    operations.begin(kind, subject=request.pk, user_id=request.actor.pk, key=key)


def check(copies: int, lifetime_days: int | None, comment: str) -> None:
    """Raise `InvalidRequest` for a number or a text that is out of bounds; `field` names it."""
    check_copies(copies)
    if lifetime_days is not None and not 1 <= lifetime_days <= MAX_LIFETIME_DAYS:
        raise InvalidRequest(
            _("Give a lifetime from 1 to %(most)d days, or none.") % {"most": MAX_LIFETIME_DAYS},
            field="lifetime_days",
        )
    if len(comment) > MAX_COMMENT or "\x00" in comment:
        raise InvalidRequest(
            _("Keep the comment within %(most)d characters.") % {"most": MAX_COMMENT},
            field="comment",
        )


def create_rule(operation: Operation) -> operations.Outcome:
    """Make the rule of a request, or adopt the one that a killed worker made before."""
    request = ReplicaRequest.objects.select_related("user").get(pk=operation.subject)
    if request.rule_id or request.cancel_requested_at or not request.is_active:
        return Done()
    credential, backend = credential_for(operation.user, SERVICE), get_backend()
    rule = _own_rule(credential, request)
    if rule and _is_ending(request, rule):
        return Again(2.0)
    rule_id = rule.id if rule else backend.add_rule(
        credential,
        request.did,
        storage=request.storage,
        copies=request.copies,
        lifetime_seconds=request.lifetime_days * 86400 if request.lifetime_days else None,
        comment=request.comment,
        activity=request.activity,
        ask_approval=request.ask_approval,
        account=request.account,
    )  # fmt: skip
    mine = ReplicaRequest.objects.filter(pk=request.pk)
    now = timezone.now()
    if mine.filter(cancel_requested_at=None).update(rule_id=rule_id, next_check_at=now):
        return Done()
    # Cancelled between the look and the creation.
    mine.update(rule_id=rule_id)
    backend.cancel_rule(credential, rule_id)
    return Done()


def _own_rule(credential: Credential, request: ReplicaRequest) -> Rule | None:
    # Rucio allows one rule of an account for the same DID, storage and copies.
    for rule in get_backend().rules_of(credential, request.did):
        account = request.account or credential.account
        wanted = (account, request.storage, request.copies)
        if (rule.account, rule.storage, rule.copies) == wanted:
            return rule
    return None


def _is_ending(request: ReplicaRequest, rule: Rule) -> bool:
    """Whether a rule for the same is on its way out: Rucio has not cleaned it away yet."""
    if rule.expires_at and rule.expires_at <= timezone.now():
        return True
    others = ReplicaRequest.objects.filter(rule_id=rule.id).exclude(pk=request.pk)
    return others.exclude(cancel_requested_at=None).exists()


def creation_failed(operation: Operation, error: PortalError) -> None:
    """Record why no rule could be made."""
    request = ReplicaRequest.objects.get(pk=operation.subject)
    finish(request, RequestState.FAILED, reason=error.message)


def cancel(request: ReplicaRequest) -> ReplicaRequest:
    """Begin to end a request; doing it twice is the same as once.

    Raises
    ------
    Conflict
        There is nothing left to end.
    """
    if request.is_cancelling or request.state == RequestState.CANCELLED:
        return request
    if not request.can_cancel:
        raise Conflict(_("This request has ended already."))
    with transaction.atomic():
        mine = ReplicaRequest.objects.filter(pk=request.pk, cancel_requested_at=None)
        if mine.update(cancel_requested_at=timezone.now(), updated_at=timezone.now()):
            _begin(CANCEL, request)
            tell(request, "cancelling", _("Asked to cancel %(did)s at %(storage)s"))
            note("cancelled", request)
    request.refresh_from_db()
    return request


def end_rule(operation: Operation) -> operations.Outcome:
    """End the rule of a request; one that is gone already is what was wanted."""
    request = ReplicaRequest.objects.select_related("user").get(pk=operation.subject)
    if request.state in {RequestState.CANCELLED, RequestState.EXPIRED}:
        return Done()
    credential = credential_for(operation.user, SERVICE, ending=True)
    rule_id = request.rule_id or _unsaved_rule(credential, request)
    if rule_id:
        with suppress(NotFound):
            get_backend().cancel_rule(credential, rule_id)
    finish(request, RequestState.CANCELLED)
    return Done()


def _unsaved_rule(credential: Credential, request: ReplicaRequest) -> str:
    """Return the rule of a worker that was killed before it could save the id."""
    rule = _own_rule(credential, request)
    earliest = request.created_at - timedelta(seconds=1)
    return rule.id if rule and rule.created_at and rule.created_at >= earliest else ""


def cancelling_failed(operation: Operation, error: PortalError) -> None:
    """Take the wish to cancel back, with the reason."""
    request = ReplicaRequest.objects.get(pk=operation.subject)
    # A new attempt gives the next wish to cancel an operation of its own.
    request.attempt += 1
    request.cancel_requested_at = None
    request.save(update_fields=["attempt", "cancel_requested_at", "updated_at"])
    text = _("%(did)s at %(storage)s could not be cancelled: ") + error.message.replace("%", "%%")
    tell(request, "cancel-failed", text, level="error")


def retry(request: ReplicaRequest) -> ReplicaRequest:
    """Try again what failed before there was a rule."""
    if not request.can_retry:
        raise Conflict(_("Only a request that failed can be tried again."))
    try:
        with transaction.atomic():
            request.state, request.reason, request.finished_at = RequestState.PREPARING, "", None
            request.attempt += 1
            request.save()
            _begin(CREATE, request)
            tell(request, "requested", _("Asked again for %(did)s at %(storage)s"))
            note("requested", request)
    except IntegrityError as exc:
        raise Conflict(_("There is a newer request for the same.")) from exc
    return request


def finish(request: ReplicaRequest, state: RequestState, *, reason: str = "") -> None:
    """Record the end of a request and tell it."""
    with transaction.atomic():
        request.state, request.reason = state, reason
        request.finished_at, request.next_check_at = timezone.now(), None
        request.save(
            update_fields=["state", "reason", "finished_at", "next_check_at", "updated_at"]
        )
        texts = {
            RequestState.CANCELLED: (_("Cancelled: %(did)s at %(storage)s"), "info"),
            RequestState.EXPIRED: (_("Its time is over: %(did)s at %(storage)s"), "info"),
            RequestState.FAILED: (_("Could not ask for %(did)s at %(storage)s"), "error"),
        }
        text, level = texts[state]
        tell(request, state.value, text, level=level)


def tell(request: ReplicaRequest, verb: str, text: str, *, level: str = "info") -> None:
    """Write what happened to the timeline, and tell the open pages."""
    record_all([happened(request, verb, text, level=level)])
    publish_states([request])


def happened(request: ReplicaRequest, verb: str, text: str, *, level: str = "info") -> Event:
    """Return what happened to a request, to be written."""
    return Event(
        user_id=request.user_id,
        verb=f"{TOPIC}.{verb}",
        subject_kind=TOPIC,
        subject_id=str(request.pk),
        text=text % {"did": request.did, "storage": request.storage},
        level=level,
        url=reverse("data_mgmt:request", kwargs={"pk": request.pk}),
    )


def publish_states(requests: Sequence[ReplicaRequest]) -> None:
    """Tell the open pages."""
    publish_all([(f"{TOPIC}:{request.pk}", event_of(request)) for request in requests])


def progress_of(request: ReplicaRequest) -> Progress:
    """Return how far a request is."""
    return Progress(
        request.files_done, request.files_total, request.bytes_done, request.bytes_total
    )


def event_of(request: ReplicaRequest) -> dict[str, Any]:
    """Return a request as the websocket tells it."""
    return {
        "id": str(request.pk),
        "state": str(request.state),
        "reason": request.reason,
        "cancelling": request.is_cancelling,
        "progress": asdict(progress_of(request)),
    }


def present_state(user_id: UUID, key: str) -> Mapping[str, Any]:
    """Return the present state for a websocket; strangers get `NotFound`."""
    try:
        visible = ReplicaRequest.objects.visible_to(User.objects.get(pk=user_id))
        request = visible.get(pk=key)
    except (User.DoesNotExist, ReplicaRequest.DoesNotExist, ValidationError) as exc:
        raise NotFound(_("There is no such request.")) from exc
    return event_of(request)


def active_count(user_id: Any) -> int:
    """Return how many requests of a user are under way."""
    return ReplicaRequest.objects.filter(user_id=user_id).active().count()


def summary(user: User, *, limit: int = 5) -> list[ReplicaRequest]:
    """Return the requests under way, newest first, from the portal's own table."""
    return [*ReplicaRequest.objects.visible_to(user).active()[:limit]]


def requests_of_did(user_id: UUID, did: Did) -> list[ReplicaRequest]:
    """Return a user's requests for one DID, newest first."""
    return [
        *ReplicaRequest.objects.filter(user_id=user_id, did_scope=did.scope, did_name=did.name)[:20]
    ]
