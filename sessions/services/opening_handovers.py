"""Put what was handed over into a session that runs, or into one that is launched for it."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from sessions import environments
from sessions.backends.running import get_running
from sessions.models import Handover, Session, SessionState
from sessions.services import paths
from sessions.services.changes import change
from sessions.services.entering import entered
from sessions.services.handing_over import KIND, origin_of, take, whole
from sessions.services.launching import launch
from sessions.services.opening import opened_file
from sessions.services.origins import Origin
from sessions.services.quick import default_environment
from sessions.services.reading import get
from vre_portal.errors import Conflict, PortalError

MOST_COPIES = 50


def open_somewhere(user: User, handover_id: UUID, *, session_id: str = "") -> Session:
    """Open a handover in a session of the user, or without one in a new session for it.

    Raises
    ------
    NotFound
        There is no such handover, or no such session.
    Conflict
        The session is not ready.
    """
    if session_id:
        return open_in(get(user, session_id), handover_id)
    origin = origin_of(user, str(handover_id))
    return launch(user, environment=_environment(user, origin), name=origin.title, origin=origin)


def _environment(user: User, origin: Origin) -> str:
    """Return the environment that it was made in, or the user's usual one where that is shut."""
    if any(one.slug == origin.environment for one in environments.usable(user)):
        return origin.environment
    usual = default_environment(user)
    return usual.slug if usual else origin.environment


def open_in(session: Session, handover_id: UUID) -> Session:
    """Write the copy into a ready session of one's own, which then opens with it.

    Raises
    ------
    NotFound
        There is no such handover for the session's owner.
    Conflict
        The session is not ready.
    """
    handover = whole(session.user, handover_id)
    if session.state != SessionState.READY:
        raise Conflict(_("The session is not ready. Wait for it, or launch a new one."))
    file = _delivered(session, handover, session.user)
    say = _("%(name)s is in place.") % {"name": file}
    change(session, of=[SessionState.READY], say=say, url=opened_file(session, file))
    return session


def deliver_handover(session: Session, path: str) -> str:
    """Write the handover that a starting session is for; return where the session opens then.

    It may have been withdrawn meanwhile, or may not fit: the session itself is well without it.
    """
    origin = session.origin
    if origin.get("kind") != KIND:
        return path
    try:
        handover = whole(session.user, str(origin.get("id", "")))
        file = _delivered(session, handover, session.user)
    except PortalError as exc:
        say = _("The file was not put in place: %(reason)s") % {"reason": exc.message}
        change(session, of=[SessionState.STARTING], say=say)
        return path
    return opened_file(session, file, path)


def _delivered(session: Session, handover: Handover, user: User) -> str:
    credential, place = entered(session)
    content, file = bytes(handover.content), handover.name
    taken: set[str] = set()
    while len(taken) < MOST_COPIES:
        try:
            get_running().write(credential, place, file, content)
        except Conflict:
            taken.add(file)
            file = paths.free_name(handover.name, taken)
        else:
            take(handover, user)
            return file
    raise Conflict(_("There are too many files of that name in the session."))
