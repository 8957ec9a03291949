"""Put the starter notebook for a dataset into a running session."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from sessions import starter
from sessions.backends.running import get_running
from sessions.models import Session, SessionState
from sessions.services import bringing
from sessions.services.changes import change
from sessions.services.entering import entered
from sessions.services.opening import opened_file
from sessions.services.wishes import check_may_open, checked_dids
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest

MOST_COPIES = 20
NOT_READY = "The session is not ready. Wait for it, or launch a new one for the dataset."


def open_dataset(session: Session, did: str, *, bring: bool = True) -> Session:
    """Put a notebook that reads the dataset into a ready session, which then opens with it.

    What is not at the storage that sessions read is copied there when `bring` says so.

    Raises
    ------
    InvalidRequest
        It is not a DID.
    Conflict
        The session is not ready.
    Forbidden
        The dataset is under an embargo.
    """
    dids = checked_dids([did])
    if len(dids) != 1:
        raise InvalidRequest("Say which dataset: its DID as scope:name.", field="did")
    if session.state != SessionState.READY:
        raise Conflict(NOT_READY)
    check_may_open(session.user, dids)
    _opened(session, dids, deliver(session, dids), bring=bring)
    return session


@transaction.atomic
def _opened(session: Session, dids: list[str], file: str, *, bring: bool) -> None:
    """Write down what it was opened with, beside what others have opened meanwhile."""
    row = Session.objects.select_for_update().get(pk=session.pk)
    if not change(
        session,
        of=[SessionState.READY],
        say=_("The notebook for %s is in place.") % dids[0],
        url=opened_file(session, file),
        datasets=[*dids, *(other for other in row.datasets if other not in dids)],
        brought=row.brought | bringing.wanted(dids if bring else ()),
    ):
        raise Conflict(NOT_READY)
    bringing.begin_bring(session)
    about, detail = ("session", session.pk), {"dataset": dids[0]}
    audit.record("session.dataset-opened", actor=session.user, about=about, detail=detail)


def _noted(session: Session) -> starter.Noted:
    """Return what a notebook keeps of where it was made."""
    return starter.Noted(
        session=str(session.pk),
        environment=session.environment,
        digest=session.digest,
        origin=session.origin,
        storage=get_config().session_storage or "",
    )


def deliver(session: Session, dids: Sequence[str]) -> str:
    """Put the notebook that reads some DIDs under a name that is free, and return that name."""
    credential, place = entered(session)
    content = json.dumps(starter.notebook(dids, _noted(session)), indent=1).encode()
    for number in count(1):
        file = starter.file_name(dids[0], number)
        try:
            get_running().write(credential, place, file, content)
        except Conflict:
            if number == MOST_COPIES:
                raise
        else:
            return file
    raise AssertionError("count() does not end")
