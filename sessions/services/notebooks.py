"""Put the starter notebook for a dataset into a running session."""

from __future__ import annotations

from itertools import count

from django.utils.translation import gettext as _

from accounts import audit
from sessions import starter
from sessions.backends import get_backend, service_credential
from sessions.models import Session, SessionState
from sessions.services.changes import change
from sessions.services.wishes import check_may_open, checked_did
from vre_portal.errors import Conflict, InvalidRequest

TOKEN_SECONDS = 300
MOST_COPIES = 20


def open_dataset(session: Session, did: str) -> Session:
    """Put a notebook that reads the dataset into a ready session, which then opens with it.

    Raises
    ------
    InvalidRequest
        It is not a DID.
    Conflict
        The session is not ready.
    Forbidden
        The dataset is under an embargo.
    """
    dataset = checked_did(did)
    if not dataset:
        raise InvalidRequest("Say which dataset: its DID as scope:name.", field="did")
    if session.state != SessionState.READY:
        raise Conflict(
            "The session is not ready. Wait for it, or launch a new one for the dataset."
        )
    check_may_open(session.user, dataset)
    file = deliver(session, dataset)
    base = session.url.partition("lab")[0]
    change(
        session,
        of=[SessionState.READY],
        say=_("The notebook for %s is in place.") % dataset,
        url=f"{base}lab/tree/{file}",
        dataset=dataset,
    )
    about, detail = ("session", session.pk), {"dataset": dataset}
    audit.record("session.dataset-opened", actor=session.user, about=about, detail=detail)
    return session


def deliver(session: Session, dataset: str) -> str:
    """Put the notebook under a name that is free, and return that name."""
    backend, handle = get_backend(), session.user.handle
    credential = backend.mint_token(
        service_credential(), handle, session.server, seconds=TOKEN_SECONDS
    )
    content = starter.notebook(dataset)
    for number in count(1):
        file = starter.file_name(dataset, number)
        try:
            backend.put_file(credential, handle, session.server, file, content)
        except Conflict:
            if number == MOST_COPIES:
                raise
        else:
            return file
    raise AssertionError("count() does not end")
