"""Metadata written by people: compared with what they saw, written once, kept as history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import credential_for
from accounts.models import User
from activity.services import record
from data_mgmt.backends import Did, DidInfo, Value, get_backend
from data_mgmt.models_metadata import EditState, MetadataChange, MetadataEdit
from data_mgmt.services import embargo
from data_mgmt.services.catalogue import SERVICE
from vre_portal import operations
from vre_portal.budget import Budget
from vre_portal.errors import Conflict, InvalidRequest, PortalError
from vre_portal.models import Operation
from vre_portal.operations import Done

WRITE = "data.describe"
KIND = "metadata-edit"
MAX_CHANGES = 100


@dataclass(frozen=True, slots=True)
class Change:
    """A key as somebody wants it; None takes it away.

    `shown` is what they saw before, None for no such key; without `compares` they saw nothing.
    """

    key: str
    wanted: Value | None
    shown: Any = None
    compares: bool = True


def may_describe(user: User, did: Did) -> bool:
    """Return whether the user may change a DID's metadata; not, while the catalogue is silent."""
    credential = credential_for(user, SERVICE)
    asked = Budget(SERVICE).ask(lambda: get_backend().may_describe(credential, did))
    return asked.get_or(default=False)


def change_metadata(user: User, did: Did, changes: Sequence[Change]) -> MetadataEdit | None:
    """Have keys of a DID written; nothing is made where all is as wanted already.

    Raises
    ------
    NotFound, Forbidden
        There is no such DID, or it is not theirs to describe.
    Conflict
        Somebody changed a value since it was shown, or another change is being written.
    InvalidRequest
        A key is not for people to write; `field` names it.
    """
    if len(changes) > MAX_CHANGES:
        raise InvalidRequest(_("Change at most 100 keys at once."))
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    wanted = {change.key: change.wanted for change in changes}
    asked = budget.ask(lambda: backend.metadata(credential, did))
    allowed = budget.ask(lambda: backend.check_metadata(credential, did, wanted))
    now = asked.get()
    allowed.get()
    for change in changes:
        if change.compares and not same(now.get(change.key), change.shown):
            raise _overtaken(change.key, now)
    real = [change for change in changes if not same(now.get(change.key), change.wanted)]
    if not real:
        return None
    edit = MetadataEdit(
        user=user, account=credential.account, did_scope=did.scope, did_name=did.name
    )
    try:
        return _save(user, edit, real, now)
    except IntegrityError as exc:
        raise Conflict(
            _("Another change of this is just being written. Load the page again in a moment.")
        ) from exc


@transaction.atomic
def _save(
    user: User, edit: MetadataEdit, changes: Sequence[Change], now: Mapping[str, Any]
) -> MetadataEdit:
    # The work of a person who has left went with them.
    left = MetadataEdit.objects.of(edit.did).filter(user=None, state=EditState.WAITING)
    left.update(state=EditState.FAILED, finished_at=timezone.now())
    edit.save()
    MetadataChange.objects.bulk_create(
        MetadataChange(edit=edit, key=change.key, before=now.get(change.key), after=change.wanted)
        for change in changes
    )
    operations.begin(WRITE, subject=edit.pk, user_id=user.pk)
    detail = {"did": str(edit.did), "keys": [change.key for change in changes]}
    audit.record(f"{KIND}.asked", actor=user, about=(KIND, edit.pk), detail=detail)
    return edit


def write(operation: Operation) -> Done:
    """Write an edit, unless a value is neither what it was nor what it shall be.

    A worker that was killed in the middle finds some keys written and goes on with the others.
    Rucio has no compare-and-set: what a tool beside the portal writes within this step is lost.
    """
    edit = MetadataEdit.objects.get(pk=operation.subject)
    if edit.state != EditState.WAITING or edit.user is None:
        return Done()
    credential = credential_for(edit.user, SERVICE)
    now = get_backend().metadata(credential, edit.did)
    missing: dict[str, Value | None] = {}
    for change in edit.changes.all():
        have = now.get(change.key)
        if same(have, change.after):
            continue
        if not same(have, change.before):
            raise _overtaken(change.key, now)
        missing[change.key] = change.after
    if missing:
        get_backend().set_metadata(credential, edit.did, missing)
    _finish(edit, EditState.DONE, _("Described %(did)s"))
    return Done()


def writing_failed(operation: Operation, error: PortalError) -> None:
    """Record why an edit did not come to the catalogue."""
    edit = MetadataEdit.objects.get(pk=operation.subject)
    edit.reason = error.message
    _finish(edit, EditState.FAILED, _("Could not describe %(did)s"), level="error")


@transaction.atomic
def _finish(edit: MetadataEdit, state: EditState, text: str, *, level: str = "ok") -> None:
    edit.state, edit.finished_at = state, timezone.now()
    edit.save(update_fields=["state", "reason", "finished_at"])
    embargo.changed()
    if edit.user_id is None:
        return
    record(
        user_id=edit.user_id,
        verb=f"{KIND}.{state.value}",
        subject=(KIND, edit.pk),
        text=text % {"did": edit.did},
        level=level,
        url=reverse("data_mgmt:did", kwargs={"did": edit.did}) + "?tab=metadata",
    )


def history(info: DidInfo) -> QuerySet[MetadataEdit]:
    """Return the changes of a DID, newest first.

    Whoever holds the catalogue's answer to their own token may see what was written about it.
    """
    return MetadataEdit.objects.of(info.did).prefetch_related("changes")


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same to the catalogue; a truth is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _overtaken(key: str, now: Mapping[str, Any]) -> Conflict:
    words = _("Somebody changed %(key)s meanwhile: it is %(value)s now. Look at it first.")
    value = now.get(key)
    return Conflict(words % {"key": key, "value": _("not there") if value is None else value})
