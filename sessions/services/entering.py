"""A way into a running session for the portal itself: a short token that opens this one only."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from uuid import UUID

from django.utils import timezone

from accounts.credentials import Credential
from sessions.backends import get_backend, service_credential
from sessions.backends.running import Place
from sessions.models import Session, SessionState
from vre_portal.errors import Conflict

TOKEN_SECONDS = 300
#: A token is used again until so little of its life is left.
REST = timedelta(seconds=60)
MOST_KEPT = 1_000
_kept: dict[tuple[UUID, str], Credential] = {}
_lock = Lock()


def entered(session: Session) -> tuple[Credential, Place]:
    """Return a credential that opens a session's server, and where that is.

    Raises
    ------
    Conflict
        The session does not run.
    """
    if session.state not in {SessionState.STARTING, SessionState.READY}:
        raise Conflict("The session does not run now. Launch it again first.")
    handle, now = session.user.handle, timezone.now()
    key = session.pk, str(session.started_at)  # a server that was started anew takes no old token
    with _lock:
        known = _kept.get(key)
    if known is None or known.expires_at - now < REST:
        known = get_backend().mint_token(
            service_credential(), handle, session.server, seconds=TOKEN_SECONDS
        )
        _keep(key, known)
    return known, Place(handle, session.server)


def forget(session: Session) -> None:
    """Forget the tokens of a session, such as one that it no longer takes."""
    with _lock:
        for key in [key for key in _kept if key[0] == session.pk]:
            del _kept[key]


def _keep(key: tuple[UUID, str], credential: Credential) -> None:
    now = timezone.now()
    with _lock:
        if len(_kept) >= MOST_KEPT:
            for old in [old for old, one in _kept.items() if one.expires_at < now]:
                del _kept[old]
        _kept[key] = credential
