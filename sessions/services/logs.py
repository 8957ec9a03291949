"""A session's log: its last lines while it runs, what was kept of it once it has failed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from sessions.models import Session, SessionState
from sessions.services.files import ask
from vre_portal.errors import Conflict, InvalidRequest

LINES, MOST_LINES = 200, 2_000


def log_of(session: Session, *, lines: int = LINES) -> list[str]:
    """Return the last lines of a session's log.

    Raises
    ------
    Conflict
        It does not run, and nothing of its log was kept.
    """
    if not 1 <= lines <= MOST_LINES:
        words = _("lines: a number from 1 to %s.") % MOST_LINES
        raise InvalidRequest(words, field="lines")
    if session.state == SessionState.FAILED and (kept := session.message.splitlines()[1:]):
        return kept[-lines:]
    if session.state != SessionState.READY:
        raise Conflict(_("The session does not run now: there is no log of it."))
    return ask(session, lambda running, who, at: running.log(who, at, lines=lines))
