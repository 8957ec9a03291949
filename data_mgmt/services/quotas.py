"""Quota: what one may use everywhere, and wishes for more, granted or denied by data managers."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import credential_for
from accounts.models import User
from activity.services import record
from data_mgmt.backends import get_backend
from data_mgmt.models_approvals import MAX_NOTE, QuotaRequest, QuotaState
from data_mgmt.services import managers
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.estimates import find_storage
from vre_portal import operations
from vre_portal.budget import Budget
from vre_portal.components.formats import size
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError
from vre_portal.models import Operation
from vre_portal.operations import Done

GRANT = "data.grant-quota"
TOPIC = "quota-request"
#: More than this no storage has; Rucio keeps limits in 63 bits.
MOST_BYTES = 2**60


def find(user: User, key: UUID | str) -> QuotaRequest:
    """Return a wish for quota that the user may see, or raise `NotFound`."""
    rows = QuotaRequest.objects.visible_to(user).select_related("user", "decided_by")
    try:
        return rows.get(pk=key)
    except (QuotaRequest.DoesNotExist, ValidationError) as exc:
        raise NotFound(_("There is no such request for quota.")) from exc


def mine(user: User, *, limit: int = 20) -> list[QuotaRequest]:
    """Return the user's own wishes, the open ones first, then the newest."""
    rows = QuotaRequest.objects.filter(user=user).select_related("decided_by")[:limit]
    return sorted(rows, key=lambda row: not row.is_open)


def pending_at(user: User) -> dict[str, QuotaRequest]:
    """Return the user's open wish at each storage."""
    return {row.storage: row for row in QuotaRequest.objects.filter(user=user).open()}


def waiting(user: User) -> list[QuotaRequest]:
    """Return what waits for a data manager, the oldest first."""
    managers.must_be_manager(user)
    rows = QuotaRequest.objects.visible_to(user).open().select_related("user")
    return list(rows.order_by("created_at", "pk"))


def ask(user: User, *, storage: str, size: int, reason: str) -> QuotaRequest:
    """Ask for a limit, in bytes in all, at a storage.

    Raises
    ------
    NotFound
        There is no such storage.
    InvalidRequest
        The size or the reason is out of bounds, or it is no more than the user has.
    Conflict
        An earlier wish for the same storage is not decided yet.
    """
    _check(size, reason)
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    asked_storages = budget.ask(lambda: backend.list_storages(credential))
    asked_usage = budget.ask(lambda: backend.usage(credential))
    find_storage(asked_storages.get(), storage)
    usage = next((row for row in asked_usage.get() if row.storage == storage), None)
    if usage is not None and (usage.limit is None or size <= usage.limit):
        raise InvalidRequest(
            _("You may use as much there already. Ask for more than your limit."), field="bytes"
        )
    request = QuotaRequest(
        user=user,
        account=credential.account,
        storage=storage,
        bytes=size,
        limit_before=usage.limit if usage else 0,
        used_before=usage.used if usage else 0,
        reason=reason.strip(),
    )
    try:
        _save(request)
    except IntegrityError as exc:
        raise Conflict(
            _("You have asked for quota at %(storage)s already: it waits to be decided.")
            % {"storage": storage}
        ) from exc
    return request


def _check(size: int, reason: str) -> None:
    if not 1 <= size <= MOST_BYTES:
        raise InvalidRequest(_("bytes: give a size from 1 B to 1 EiB."), field="bytes")
    if not reason.strip():
        raise InvalidRequest(_("reason: say what it is for; who decides reads it."), field="reason")
    _check_note(reason, "reason")


def _check_note(text: str, field: str) -> None:
    if len(text) > MAX_NOTE or "\x00" in text:
        words = _("%(field)s: keep it within %(most)d characters.")
        raise InvalidRequest(words % {"field": field, "most": MAX_NOTE}, field=field)


@transaction.atomic
def _save(request: QuotaRequest) -> None:
    request.save()
    _tell(request, "asked", _("Asked for %(size)s at %(storage)s"))
    _note("asked", request, request.user, bytes=request.bytes)
    text = _("%(who)s asks for %(size)s of quota at %(storage)s") % {
        "who": request.user, "size": size(request.bytes), "storage": request.storage
    }  # fmt: skip
    managers.tell_managers(managers.managers().exclude(pk=request.user_id), "quota",
                           request.pk, text)  # fmt: skip


def withdraw(user: User, request: QuotaRequest) -> QuotaRequest:
    """Take a wish back; doing it twice is the same as once.

    Raises
    ------
    NotFound
        It is somebody else's.
    Conflict
        It is decided already.
    """
    if request.user_id != user.pk:
        raise NotFound(_("There is no such request for quota."))
    with transaction.atomic():
        row = _locked(request)
        if row.state == QuotaState.WITHDRAWN:
            return row
        _must_wait(row)
        row.state, row.decided_at = QuotaState.WITHDRAWN, timezone.now()
        row.save(update_fields=["state", "decided_at"])
        _tell(row, "withdrawn", _("Withdrew the wish for %(size)s at %(storage)s"))
        _note("withdrawn", row, user)
    return row


def grant(
    user: User, request: QuotaRequest, *, size: int | None = None, note: str = ""
) -> QuotaRequest:
    """Begin to set the limit that was asked for, or another one, as the data manager.

    Raises
    ------
    Conflict
        Somebody else was quicker.
    """
    managers.must_be_manager(user)
    _check_note(note, "note")
    wanted = request.bytes if size is None else size
    if not 1 <= wanted <= MOST_BYTES:
        raise InvalidRequest(_("bytes: give a size from 1 B to 1 EiB."), field="bytes")
    with transaction.atomic():
        row = _locked(request)
        _must_wait(row)
        row.state, row.granted_bytes, row.problem = QuotaState.GRANTING, wanted, ""
        row.decided_by, row.note, row.attempt = user, note.strip(), row.attempt + 1
        row.save()
        key = f"{GRANT}:{row.pk}:{row.attempt}"
        operations.begin(GRANT, subject=row.pk, user_id=user.pk, key=key)
        _note("granted", row, user, bytes=wanted)
    return row


def deny(user: User, request: QuotaRequest, *, note: str) -> QuotaRequest:
    """Deny a wish, with the note that the asker reads.

    Raises
    ------
    InvalidRequest
        There is no note.
    Conflict
        Somebody else was quicker.
    """
    managers.must_be_manager(user)
    if not note.strip():
        raise InvalidRequest(_("note: say why it is denied; the asker reads it."), field="note")
    _check_note(note, "note")
    with transaction.atomic():
        row = _locked(request)
        _must_wait(row)
        row.state, row.decided_at = QuotaState.DENIED, timezone.now()
        row.decided_by, row.note = user, note.strip()
        row.save()
        _note("denied", row, user, note=row.note)
        text = _("Your wish for %(size)s at %(storage)s is denied by %(who)s: %(note)s")
        _tell(row, "denied", text, level="warning")
    return row


def set_limit(operation: Operation) -> operations.Outcome:
    """Set the limit in Rucio with the data manager's own token; twice is the same as once."""
    request = QuotaRequest.objects.select_related("user", "decided_by").get(pk=operation.subject)
    if request.state != QuotaState.GRANTING or request.decided_by is None:
        return Done()
    credential = credential_for(request.decided_by, SERVICE)
    get_backend().grant_quota(
        credential, request.account, request.storage, request.granted_bytes or request.bytes
    )
    with transaction.atomic():
        request.state, request.decided_at = QuotaState.GRANTED, timezone.now()
        request.save(update_fields=["state", "decided_at"])
        text = _("%(who)s lets you use %(granted)s at %(storage)s")
        _tell(request, "granted", f"{text}: %(note)s" if request.note else text, level="ok")
        _tell_manager(request, _("Granted %(granted)s at %(storage)s to %(asker)s"), "ok")
    return Done()


def granting_failed(operation: Operation, error: PortalError) -> None:
    """Let a wish wait again, with the reason why it could not be granted."""
    request = QuotaRequest.objects.select_related("user", "decided_by").get(pk=operation.subject)
    request.state, request.problem = QuotaState.WAITING, error.message
    request.save(update_fields=["state", "problem"])
    text = _("%(granted)s at %(storage)s could not be granted to %(asker)s") + ": %(problem)s"
    _tell_manager(request, text, "error")


def _locked(request: QuotaRequest) -> QuotaRequest:
    rows = QuotaRequest.objects.select_for_update(of=("self",)).select_related("user", "decided_by")
    return rows.get(pk=request.pk)


def _must_wait(row: QuotaRequest) -> None:
    # The work of a data manager who has left went with them.
    if row.state == QuotaState.WAITING or (row.is_open and row.decided_by is None):
        return
    who = str(row.decided_by) if row.decided_by else _("a data manager")
    texts = {
        QuotaState.GRANTING: _("%(who)s is granting it in this moment."),
        QuotaState.GRANTED: _("%(who)s has granted it already."),
        QuotaState.DENIED: _("%(who)s has denied it already."),
        QuotaState.WITHDRAWN: _("It was withdrawn."),
    }
    raise Conflict(texts[QuotaState(row.state)] % {"who": who})


def _names(request: QuotaRequest) -> dict[str, object]:
    return {
        "size": size(request.bytes),
        "granted": size(request.granted_bytes),
        "storage": request.storage,
        "who": request.decided_by or "",
        "asker": request.user,
        "note": request.note,
        "problem": request.problem,
    }


def _tell(request: QuotaRequest, verb: str, text: str, *, level: str = "info") -> None:
    record(
        user_id=request.user_id,
        verb=f"{TOPIC}.{verb}",
        subject=(TOPIC, request.pk),
        text=text % _names(request),
        level=level,
        url=reverse("data_mgmt:quota"),
    )


def _tell_manager(request: QuotaRequest, text: str, level: str) -> None:
    if request.decided_by_id is None:
        return
    record(
        user_id=request.decided_by_id,
        verb=f"{TOPIC}.decided",
        subject=(TOPIC, request.pk),
        text=text % _names(request),
        level=level,
        url=reverse("data_mgmt:approvals") + "?tab=quota",
    )


def _note(verb: str, request: QuotaRequest, actor: User, **more: object) -> None:
    detail = {"storage": request.storage, "account": request.account, **more}
    audit.record(f"{TOPIC}.{verb}", actor=actor, about=(TOPIC, request.pk), detail=detail)
