"""Collections made and changed: the steps, which may be interrupted anywhere and done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from accounts.models import User
from activity.services import record
from data_mgmt.backends import DataBackend, Did, DidInfo, DidType, get_backend
from data_mgmt.models_groups import (
    ChangeKind,
    ChangeState,
    CollectionChange,
    CollectionItem,
    ItemState,
)
from data_mgmt.services import acting, describing, embargo
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.collecting import CHANGE, TOPIC
from data_mgmt.services.collecting_words import done_words, url_of
from vre_portal import operations
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError
from vre_portal.live import publish
from vre_portal.models import Operation
from vre_portal.operations import Done

CHUNK = 500
#: Rucio's clock and the portal's differ by less.
SKEW = timedelta(seconds=5)


@dataclass(slots=True)
class Filling:
    """A collection while a list is put into it or taken out of it."""

    operation: Operation
    credential: Credential
    change: CollectionChange
    info: DidInfo
    there: set[Did]
    kinds: set[DidType]
    backend: DataBackend = field(default_factory=get_backend)


def advance(operation: Operation) -> Done:
    """Make a change true in Rucio."""
    change = CollectionChange.objects.select_related("user").get(pk=operation.subject)
    if not change.is_waiting:
        return Done()
    # Whoever has left the group meanwhile does not act for it any more.
    acting.actor_of(change.user, change.account)
    credential = credential_for(change.user, SERVICE)
    _STEPS[ChangeKind(change.kind)](operation, credential, change)
    state = ChangeState.DONE
    if change.refused:
        is_made = change.kind == ChangeKind.MAKE or change.refused < change.total
        state = ChangeState.PARTLY if is_made else ChangeState.FAILED
        change.reason = "" if is_made else _("None of the list was taken: see why for each.")
    _finish(change, state)
    return Done()


def _make(operation: Operation, credential: Credential, change: CollectionChange) -> None:
    """Make a collection, or take the one that a killed worker made before."""
    kind = DidType(change.wish["type"])
    try:
        get_backend().make(credential, change.did, kind, account=change.account)
    except Conflict:
        if not _is_ours(credential, change, kind):
            raise
    metadata: Mapping[str, Any] = change.wish.get("metadata") or {}
    if metadata:
        keys = [describing.Change(key, value) for key, value in metadata.items()]
        describing.change_metadata(change.user, change.did, keys)
    if change.total:
        _attach(operation, credential, change)


def _is_ours(credential: Credential, change: CollectionChange, kind: DidType) -> bool:
    backend = get_backend()
    info, made = backend.get_did(credential, change.did), backend.made_at(credential, change.did)
    same = (info.type, info.account) == (kind, change.account)
    return same and made is not None and made >= change.created_at - SKEW


def _attach(operation: Operation, credential: Credential, change: CollectionChange) -> None:
    filling = _filling(operation, credential, change)
    if not filling.info.is_open:
        raise Conflict(_("It is closed: nothing can be put into it."), service=SERVICE)
    _work_off(filling, _into)


def _detach(operation: Operation, credential: Credential, change: CollectionChange) -> None:
    _work_off(_filling(operation, credential, change), _out_of)


def _filling(operation: Operation, credential: Credential, change: CollectionChange) -> Filling:
    backend = get_backend()
    info = backend.get_did(credential, change.did)
    members = dict(backend.members(credential, change.did))
    kinds = {*members.values()}
    return Filling(operation, credential, change, info, {*members}, kinds)


def _work_off(filling: Filling, take: Callable[[Filling, Sequence[CollectionItem]], None]) -> None:
    """Take what waits, some hundred at a time, and keep what became of each."""
    change = filling.change
    waiting = change.items.filter(state=ItemState.WAITING)
    while items := list(waiting[:CHUNK]):
        operations.hold(filling.operation)
        take(filling, items)
        CollectionItem.objects.bulk_update(items, ["state", "reason"])
        states = change.items.exclude(state=ItemState.WAITING)
        change.settled = states.count()
        change.refused = states.filter(state=ItemState.REFUSED).count()
        change.save(update_fields=["settled", "refused"])
        publish_state(change)


def _into(filling: Filling, items: Sequence[CollectionItem]) -> None:
    known = {
        info.did: info
        for info in filling.backend.get_dids(filling.credential, [item.did for item in items])
    }
    fitting = []
    for item in items:
        if item.did in filling.there:
            item.state = ItemState.THERE
        elif problem := _misfit(filling, item.did, known.get(item.did)):
            item.state, item.reason = ItemState.REFUSED, problem
        else:
            filling.kinds.add(known[item.did].type)
            fitting.append(item)
    _all_or_each(filling, fitting, filling.backend.attach)
    filling.there |= {item.did for item in fitting if item.state == ItemState.DONE}


def _misfit(filling: Filling, did: Did, info: DidInfo | None) -> str:
    """Return why a DID can't go into the collection; empty where it can."""
    if info is None:
        return _("There is no such file, dataset or container.")
    if did == filling.info.did:
        return _("A collection can't hold itself.")
    if filling.info.type is DidType.DATASET:
        fits = info.type is DidType.FILE
        return "" if fits else _("A dataset holds files only: put this into a container.")
    if info.type is DidType.FILE:
        return _("A container holds datasets or containers: put the file into a dataset.")
    if filling.kinds and info.type not in filling.kinds:
        return _("A container holds either datasets or containers, not both.")
    return ""


def _out_of(filling: Filling, items: Sequence[CollectionItem]) -> None:
    fitting = []
    for item in items:
        if item.did in filling.there:
            fitting.append(item)
        else:
            item.state, item.reason = ItemState.REFUSED, _("It is not in there.")
    _all_or_each(filling, fitting, filling.backend.detach)
    filling.there -= {item.did for item in fitting if item.state == ItemState.DONE}


Call = Callable[[Credential, Did, Sequence[Did]], None]


def _all_or_each(filling: Filling, items: Sequence[CollectionItem], call: Call) -> None:
    """Do it for all at once, and where Rucio refuses for ever smaller parts, down to each."""
    if not items:
        return
    try:
        call(filling.credential, filling.info.did, [item.did for item in items])
    except (InvalidRequest, NotFound, Conflict) as exc:
        if len(items) == 1:
            items[0].state, items[0].reason = ItemState.REFUSED, _reason(exc)
            return
        operations.hold(filling.operation)
        half = len(items) // 2
        _all_or_each(filling, items[:half], call)
        _all_or_each(filling, items[half:], call)
        return
    for item in items:
        item.state = ItemState.DONE


def _reason(error: PortalError) -> str:
    if isinstance(error, InvalidRequest):
        return _("Rucio does not take it: it is lost, or holds this collection itself.")
    return error.message[:250]


def _close(operation: Operation, credential: Credential, change: CollectionChange) -> None:
    get_backend().set_open(credential, change.did, is_open=False)


def _reopen(operation: Operation, credential: Credential, change: CollectionChange) -> None:
    get_backend().set_open(credential, change.did, is_open=True)


def _erase(operation: Operation, credential: Credential, change: CollectionChange) -> None:
    left = datetime.fromisoformat(change.wish["ends"]) - timezone.now()
    seconds = max(1, round(left.total_seconds()))
    get_backend().erase(credential, change.did, seconds=seconds)


def _keep(operation: Operation, credential: Credential, change: CollectionChange) -> None:
    get_backend().erase(credential, change.did, seconds=None)


def _declare_bad(operation: Operation, credential: Credential, change: CollectionChange) -> None:
    wish = change.wish
    try:
        get_backend().declare_bad(
            credential, change.did, storage=wish["storage"], reason=wish["reason"]
        )
    except Conflict:
        if operation.attempts == 1:
            raise  # else a killed worker, or one without an answer, did it before


_STEPS: Mapping[ChangeKind, Callable[[Operation, Credential, CollectionChange], None]] = {
    ChangeKind.MAKE: _make,
    ChangeKind.ATTACH: _attach,
    ChangeKind.DETACH: _detach,
    ChangeKind.CLOSE: _close,
    ChangeKind.REOPEN: _reopen,
    ChangeKind.ERASE: _erase,
    ChangeKind.KEEP: _keep,
    ChangeKind.BAD: _declare_bad,
}


def failed(operation: Operation, error: PortalError) -> None:
    """Record why a change could not be made."""
    change = CollectionChange.objects.get(pk=operation.subject)
    change.reason = error.message
    _finish(change, ChangeState.FAILED)


@transaction.atomic
def _finish(change: CollectionChange, state: ChangeState) -> None:
    change.state, change.finished_at = state, timezone.now()
    change.save(update_fields=["state", "reason", "finished_at", "settled", "refused"])
    levels = {ChangeState.DONE: "ok", ChangeState.PARTLY: "warning"}
    record(
        user_id=change.user_id,
        verb=f"{TOPIC}.{state.value}",
        subject=(TOPIC, change.pk),
        text=done_words(change),
        level=levels.get(state, "error"),
        url=url_of(change),
    )
    # What a collection holds decides over embargoes.
    embargo.changed()
    publish_state(change)


def publish_state(change: CollectionChange) -> None:
    """Tell the open pages."""
    publish(f"{TOPIC}:{change.pk}", event_of(change))


def event_of(change: CollectionChange) -> dict[str, Any]:
    """Return a change as the websocket tells it."""
    return {
        "id": str(change.pk),
        "state": str(change.state),
        "settled": change.settled,
        "refused": change.refused,
        "total": change.total,
    }


def present_state(user_id: UUID, key: str) -> Mapping[str, Any]:
    """Return the present state for a websocket; strangers get `NotFound`."""
    try:
        visible = CollectionChange.objects.visible_to(User.objects.get(pk=user_id))
        return event_of(visible.get(pk=key))
    except (CollectionChange.DoesNotExist, ValidationError) as exc:
        raise NotFound(_("There is no such change.")) from exc


def register() -> None:
    """Say which step makes changes true."""
    operations.register(CHANGE, advance, give_up=failed)
