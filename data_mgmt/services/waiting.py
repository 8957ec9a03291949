"""What holds a request up, in words: approvers, storages, links, and the transfers of its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import (
    Availability,
    RuleState,
    Storage,
    StorageKind,
    Transfer,
    TransferState,
    get_backend,
)
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services.catalogue import SERVICE
from vre_portal.budget import Budget
from vre_portal.components.formats import size
from vre_portal.errors import PortalError

WHY_SECONDS = 60
#: Of so many files that have not arrived the transfers are looked at.
SAMPLE = 5
WAITING = (RequestState.WAITING_APPROVAL, RequestState.REPLICATING, RequestState.STUCK)
#: With more files than these their list takes Rucio too long for a page.
MOST_FILES = 5000


def why_waits(user: User, request: ReplicaRequest) -> str:
    """Return what holds a request up, asked of Rucio once a minute at most; empty for nothing."""
    if request.state not in WAITING:
        return ""
    key = f"why:{request.pk}:{request.state}"
    known: str | None = cache.get(key)
    if known is None:
        try:
            known = _asked(user, request)
        except PortalError:
            return ""
        cache.set(key, known, WHY_SECONDS)
    return known


def forget(request: ReplicaRequest) -> None:
    """Ask again why it waits, because something was done about it."""
    for state in WAITING:
        cache.delete(f"why:{request.pk}:{state}")


def _asked(user: User, request: ReplicaRequest) -> str:
    credential, backend, budget = credential_for(user, SERVICE), get_backend(), Budget(SERVICE)
    asked_storages = budget.ask(lambda: backend.list_storages(credential))
    if request.state == RequestState.WAITING_APPROVAL:
        return _approval(request, asked_storages.get())
    asked_copies = budget.ask(lambda: backend.availability(credential, request.did))
    asked_transfers = budget.ask(lambda: _transfers(credential, request))
    storages = {storage.name: storage for storage in asked_storages.get()}
    target = storages.get(request.storage)
    said = [
        _of_target(request, target),
        _of_sources(request, asked_copies.get(), storages),
        _of_transfers(asked_transfers.get_or(()), request),
    ]
    return next(filter(None, said), "")


def _approval(request: ReplicaRequest, storages: Iterable[Storage]) -> str:
    named = next((each.approvers for each in storages if each.name == request.storage), ())
    # Without names the state says all there is: a data manager has to approve it.
    return _("It needs approval by %(names)s.") % {"names": ", ".join(named)} if named else ""


def _of_target(request: ReplicaRequest, target: Storage | None) -> str:
    if target is None:
        return ""
    said = {"storage": target.name}
    if not target.is_writable:
        return _("Waiting: %(storage)s takes no data at the moment.") % said
    left = request.bytes_total - request.bytes_done
    if target.free is not None and target.free < left:
        said |= {"free": size(target.free), "left": size(left)}
        return _(
            "Waiting: %(storage)s is full, %(free)s are free and %(left)s have yet to come."
        ) % said  # fmt: skip
    return ""


def _of_sources(
    request: ReplicaRequest, copies: Sequence[Availability], storages: Mapping[str, Storage]
) -> str:
    sources = [
        storages[row.storage]
        for row in copies
        if row.files and row.storage != request.storage and row.storage in storages
    ]
    if not sources:
        return _("Waiting: no other storage has a file of it.")
    if not any(source.is_readable for source in sources):
        names = ", ".join(source.name for source in sources)
        return _("Waiting: %(names)s, which have it, give no data at the moment.") % {
            "names": names
        }
    if all(source.kind is StorageKind.TAPE for source in sources):
        return _("Waiting: it is read from tape at %(storage)s, which takes hours.") % {
            "storage": sources[0].name
        }
    return ""


def _transfers(credential: Credential, request: ReplicaRequest) -> Sequence[Transfer]:
    """Return the transfers of some files that have not arrived."""
    backend = get_backend()
    if request.files_total > MOST_FILES:
        return ()
    late = (RuleState.REPLICATING, RuleState.STUCK)
    files = backend.list_file_states(credential, request.rule_id, states=late, limit=SAMPLE)
    found = (backend.transfer_of(credential, row.did, row.storage) for row in files.items)
    return [transfer for transfer in found if transfer is not None]


def _of_transfers(transfers: Sequence[Transfer], request: ReplicaRequest) -> str:
    if not transfers or any(each.state is TransferState.UNDER_WAY for each in transfers):
        return ""
    state, _count = Counter(each.state for each in transfers).most_common(1)[0]
    texts = {
        TransferState.HELD_BACK: _(
            "Waiting: Rucio holds transfers to %(storage)s back, as many go there already."
        ),
        TransferState.QUEUED: _("Waiting: its transfers stand in Rucio's queue."),
        TransferState.NO_SOURCE: _(
            "Waiting: Rucio finds no way to %(storage)s: no storage that has it is open and linked"
            " to it."
        ),
        TransferState.ONLY_TAPE: _("Waiting: only tape has it, and a recall is not allowed here."),
        TransferState.NO_COMMON_PROTOCOL: _(
            "Waiting: %(storage)s and the storages that have it share no protocol."
        ),
        TransferState.SUSPENDED: _("Waiting: its transfers are suspended."),
    }
    if state in texts:
        return texts[state] % {"storage": request.storage}
    return _failed(transfers) if state is TransferState.FAILED else ""


def _failed(transfers: Sequence[Transfer]) -> str:
    failed = [each for each in transfers if each.state is TransferState.FAILED]
    reasons = Counter(each.reason for each in failed if each.reason)
    if not reasons:
        return ""
    tries = max(each.attempts for each in failed)
    text = ngettext(
        "Tried %(n)d time; the last one said: %(reason)s",
        "Tried %(n)d times; the last one said: %(reason)s",
        tries,
    )
    return text % {"n": tries, "reason": reasons.most_common(1)[0][0]}
