"""Why a request waits, in words: from its rule, its files' errors, and the storages."""

from __future__ import annotations

from collections import Counter

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import FileFault, Rule, RuleState, StorageKind, get_backend
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services.catalogue import SERVICE
from vre_portal.budget import Budget
from vre_portal.errors import PortalError

#: Rucio looks at the files of a rule one by one: with more than these it takes too long.
EXAMINED_FILES = 200
WHY_SECONDS = 60


def stuck_reason(credential: Credential, rule: Rule) -> str:
    """Return why a rule does not go on: what it says itself, else what most of its files say."""
    if rule.state is RuleState.SUSPENDED:
        return _("Rucio has suspended its rule; a data manager can let it go on")
    said = rule.error or _commonest_fault(credential, rule) or _("Rucio gives no reason")
    if not rule.locks_stuck:
        return said
    return ngettext(
        "%(count)d of %(total)d files does not arrive: %(reason)s",
        "%(count)d of %(total)d files do not arrive: %(reason)s",
        rule.locks_stuck,
    ) % {"count": rule.locks_stuck, "total": rule.locks_total, "reason": said}


def _commonest_fault(credential: Credential, rule: Rule) -> str:
    if rule.locks_stuck > EXAMINED_FILES:
        return ""
    try:
        faults = get_backend().faults(credential, rule.id)
    except PortalError:
        return ""
    reasons = Counter(_said(fault) for fault in faults if fault.reason)
    return reasons.most_common(1)[0][0] if reasons else ""


def _said(fault: FileFault) -> str:
    if not fault.source or fault.source in fault.reason:
        return fault.reason
    return _("%(reason)s at %(storage)s") % {"reason": fault.reason, "storage": fault.source}


def why_waits(user: User, request: ReplicaRequest) -> str:
    """Return what at the storages holds a request up, asked of Rucio once a minute at most."""
    if request.state not in {RequestState.REPLICATING, RequestState.STUCK}:
        return ""
    key = f"why:{request.pk}"
    known: str | None = cache.get(key)
    if known is None:
        try:
            known = _at_the_storages(user, request)
        except PortalError:
            return ""
        cache.set(key, known, WHY_SECONDS)
    return known


def _at_the_storages(user: User, request: ReplicaRequest) -> str:
    credential, backend, budget = credential_for(user, SERVICE), get_backend(), Budget(SERVICE)
    asked_storages = budget.ask(lambda: backend.list_storages(credential))
    asked_copies = budget.ask(lambda: backend.availability(credential, request.did))
    storages = {storage.name: storage for storage in asked_storages.get()}
    target = storages.get(request.storage)
    if target is not None and not target.is_writable:
        return _("Waiting: %(storage)s takes no data at the moment.") % {"storage": target.name}
    sources = [
        storages[row.storage]
        for row in asked_copies.get()
        if row.files and row.storage != request.storage and row.storage in storages
    ]
    if sources and all(source.kind is StorageKind.TAPE for source in sources):
        return _("Waiting: it is read from tape at %(storage)s, which takes hours.") % {
            "storage": sources[0].name
        }
    if not sources:
        return _("Waiting: no other storage has a file of it.")
    return ""
