"""Small changes of a session that goes on: its name, and whether working kernels keep it alive."""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from accounts import audit
from sessions.backends import get_backend, service_credential
from sessions.backends.running import get_running
from sessions.models import Session, SessionState
from sessions.services.changes import change
from sessions.services.entering import entered
from sessions.services.wishes import checked_name
from vre_portal.errors import InvalidRequest, PortalError

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
    change(session, of=list(SessionState), name=name)
    if session.is_active:
        try:
            get_backend().rename(service_credential(), session.user.handle, session.server, name)
        except PortalError as exc:
            # The hub only shows it on its own page.
            log.warning("%s keeps its old name at the hub: %s", session.server, exc.message)
    return session


def keep_alive(session: Session, *, on: bool) -> Session:
    """Say whether kernels that work count as use, so that an idle stop waits for them."""
    if on == session.keep_alive:
        return session
    say = _("Kernels that work keep the session alive from now on.")
    if not on:
        say = _("Kernels that work no longer keep the session alive.")
    change(session, of=list(SessionState), say=say, keep_alive=on)
    about, detail = ("session", session.pk), {"on": on}
    audit.record("session.kept-alive", actor=session.user, about=about, detail=detail)
    if session.state == SessionState.READY:
        try:
            get_running().keep_alive(*entered(session), on=on)
        except PortalError as exc:
            # It hears of it again with the next question what it uses.
            log.info("%s was not told that it is kept alive: %s", session.server, exc.message)
    return session
