"""Small changes of a session that goes on: its name, and whether working kernels keep it alive."""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from accounts import audit
from sessions.backends.running import get_running
from sessions.models import ACTIVE, Session, SessionState
from sessions.services.changes import change
from sessions.services.entering import entered
from sessions.services.wishes import checked_name
from vre_portal.errors import Conflict, InvalidRequest, PortalError

log = logging.getLogger(__name__)


def rename(session: Session, name: str) -> Session:
    """Give a session another name.

    Raises
    ------
    InvalidRequest
        It is empty or too long.
    """
    name = checked_name(name)
    if not name:
        raise InvalidRequest(_("Give the session a name."), field="name")
    if name == session.name:
        return session
    # The hub renames nothing that runs; it hears of the name with the next start.
    change(session, of=list(SessionState), name=name)
    return session


def keep_alive(session: Session, *, on: bool) -> Session:
    """Say whether kernels that work count as use, so that an idle stop waits for them.

    Raises
    ------
    Conflict
        It has ended.
    """
    if on == session.keep_alive:
        return session
    say = _("Kernels that work keep the session alive from now on.")
    if not on:
        say = _("Kernels that work no longer keep the session alive.")
    if not change(session, of=ACTIVE, say=say, keep_alive=on):
        raise Conflict(_("The session does not run now. Launch it again first."))
    about, detail = ("session", session.pk), {"on": on}
    audit.record("session.kept-alive", actor=session.user, about=about, detail=detail)
    if session.state == SessionState.READY:
        try:
            get_running().keep_alive(*entered(session), on=on)
        except PortalError as exc:
            # It hears of it again with the next question what it uses.
            log.info("%s was not told that it is kept alive: %s", session.server, exc.message)
    return session
