"""Bring a session's data to the storage that sessions read: a replica request for each DID."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

import data_mgmt.services
from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.services import Estimate
from sessions.models import Session
from sessions.services.changes import begin_another, update
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import NotFound, PortalError
from vre_portal.models import Operation

BRING = "session.bring"
#: What became of a DID: looked for, all there already, asked for, not to be had.
LOOKING, HERE, ASKED, FAILED = "looking", "here", "asked", "failed"


def wanted(dids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what a new session's row says of data that is to be brought; empty for nothing."""
    return {did: {"state": LOOKING} for did in dids} if get_config().session_storage else {}


def begin_bring(session: Session) -> None:
    """Begin to bring what a session's row says; once for all that it says now."""
    looked_for = [did for did, told in session.brought.items() if told["state"] == LOOKING]
    if looked_for:
        begin_another(BRING, session)


@transaction.atomic
def bring_again(session: Session) -> Session:
    """Ask once more for the data of a session that could not be brought."""
    failed = {did for did, told in session.brought.items() if told["state"] == FAILED}
    again = {did: {"state": LOOKING} for did in failed}
    if again:
        update(session, brought=session.brought | again)
        begin_bring(session)
    return session


def bring(operation: Operation) -> operations.Outcome:
    """Look where each DID is, and ask for a copy of what is not there; none stops the session."""
    session = Session.objects.select_related("user").get(pk=operation.subject)
    storage = get_config().session_storage
    if not storage or not session.is_active:
        return operations.Done()
    for did in [did for did, told in session.brought.items() if told["state"] == LOOKING]:
        try:
            _bring(session, did, storage)
        except PortalError as exc:
            if exc.retryable:
                raise
            _failed(session, did, exc)
        operations.hold(operation)
    return operations.Done()


def _bring(session: Session, did: str, storage: str) -> None:
    said, wish = {"did": did, "storage": storage}, Did.parse(did)
    found = data_mgmt.services.estimate(session.user, wish, storage=storage)
    if found.files and not found.files_to_move:
        _write(session, did, HERE, line=_("%(did)s is at %(storage)s already.") % said)
        return
    request = data_mgmt.services.request_replica(
        session.user,
        wish,
        storage=storage,
        lifetime_days=get_config().session_storage_days,
        comment=_("For the session %(name)s") % {"name": session.name},
    )
    line = _("A copy of %(did)s at %(storage)s is asked for.") % said
    _write(session, did, ASKED, line=line, request=str(request.pk))


def _failed(session: Session, did: str, error: PortalError) -> None:
    said = {"did": did, "reason": error.message}
    line = _("%(did)s can't be copied: %(reason)s") % said
    _write(session, did, FAILED, line=line, problem=error.message)


def _write(session: Session, did: str, state: str, *, line: str, **told: str) -> None:
    with transaction.atomic():
        row = Session.objects.select_for_update().get(pk=session.pk)
        update(session, line=line, brought=row.brought | {did: {"state": state, **told}})


def bring_gave_up(operation: Operation, error: PortalError) -> None:
    """Say of all that was still looked for that it could not be asked for."""
    session = Session.objects.get(pk=operation.subject)
    for did in [did for did, told in session.brought.items() if told["state"] == LOOKING]:
        _failed(session, did, error)


def estimate_of(user: User, dids: Sequence[str]) -> Estimate | None:
    """Return what bringing all of some DIDs would move; None where nothing is ever brought.

    Raises
    ------
    PortalError
        Rucio does not tell, or knows none of them.
    """
    storage = get_config().session_storage
    if not storage or not dids:
        return None
    found = [Did.parse(did) for did in dids]
    if len(found) == 1:
        return data_mgmt.services.estimate(user, found[0], storage=storage)
    several = data_mgmt.services.as_one(user, data_mgmt.services.picked(user, found))
    estimates = data_mgmt.services.estimates_of(several, [storage])
    if not estimates:
        raise NotFound(_("There is no storage %(name)s.") % {"name": storage}, service="rucio")
    return estimates[0]


def request_ids(brought: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the ids of the requests that bring a session's data."""
    return [told["request"] for told in brought.values() if told.get("request")]
