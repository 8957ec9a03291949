"""A Git repository in a session: the session fetches it, the portal asks for it and follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from sessions.backends.running import Fetch, FetchState, get_running
from sessions.models import PENDING, Session, SessionState
from sessions.services.changes import begin, begin_another, update
from sessions.services.entering import entered
from sessions.services.opening import opened_file
from sessions.services.repository_links import RepositoryLink
from vre_portal import operations
from vre_portal.errors import Conflict, NotFound, PortalError
from vre_portal.models import Operation

FETCH = "session.fetch"
WAITING, FETCHING, READY, FAILED = "waiting", "fetching", "ready", "failed"
LONGEST = timedelta(minutes=20)
LOOK_SECONDS, BUSY_SECONDS = 1.0, 3.0


def begin_fetch(session: Session) -> None:
    """Begin to fetch what a session that became ready is to have, also what a stop broke off."""
    if session.repository.get("state") in {WAITING, FETCHING}:
        _write(session, state=WAITING, id="")
        begin(FETCH, session)


@transaction.atomic
def fetch_repository(session: Session, link: RepositoryLink) -> Session:
    """Have a session fetch a repository, at once or when it is ready.

    Raises
    ------
    Conflict
        The session has ended, or it is fetching one.
    """
    row = Session.objects.select_for_update().select_related("user").get(pk=session.pk)
    if row.state not in {*PENDING, SessionState.READY}:
        raise Conflict(_("The session does not run now. Launch it again first."))
    if row.state == SessionState.READY and row.repository.get("state") in {WAITING, FETCHING}:
        raise Conflict(_("The session is fetching a repository. Wait until it is there."))
    update(row, repository=link.as_state())
    about, detail = ("session", row.pk), {"repository": link.url, "ref": link.ref}
    audit.record("session.repository-asked", actor=row.user, about=about, detail=detail)
    if row.state == SessionState.READY:
        begin_another(FETCH, row)  # the one before may be at its very end
    return row


def fetch(operation: Operation) -> operations.Outcome:
    """Ask the session for the repository, then how far it is, until it is there or is not."""
    session = Session.objects.select_related("user").get(pk=operation.subject)
    state = session.repository.get("state")
    if session.state != SessionState.READY or state not in {WAITING, FETCHING}:
        return operations.Done()
    try:
        if not session.repository.get("id"):
            return _ask(session)
        return _look(session, operation)
    except PortalError as exc:
        if exc.retryable:
            raise
        _failed(session, exc.message)
        return operations.Done()


def _ask(session: Session) -> operations.Outcome:
    credential, place = entered(session)
    link = RepositoryLink.from_state(session.repository)
    if link is None:
        return operations.Done()
    try:
        found = get_running().fetch_repository(
            credential, place, url=link.url, ref=link.ref, path=link.path
        )
    except NotFound:
        _failed(session, _("This environment can't fetch repositories. Use git in a terminal."))
        return operations.Done()
    except Conflict:
        return operations.Again(BUSY_SECONDS)  # another one is being fetched there
    say = _("Fetching %(name)s from %(host)s.") % {"name": link.name, "host": link.host}
    _write(session, line=say, id=found, state=FETCHING, message=say)
    return operations.Again(LOOK_SECONDS)


def _look(session: Session, operation: Operation) -> operations.Outcome:
    credential, place = entered(session)
    try:
        found = get_running().fetched(credential, place, str(session.repository["id"]))
    except NotFound:
        _failed(session, _("The session no longer knows of it: its server was started anew."))
        return operations.Done()
    match found.state:
        case FetchState.READY:
            _arrived(session, found)
            return operations.Done()
        case FetchState.FAILED:
            _failed(session, found.message or _("The session does not say why."))
            return operations.Done()
    if timezone.now() - operation.created_at > LONGEST:
        _failed(session, _("It took longer than 20 minutes and was given up."))
        return operations.Done()
    if found.message and found.message != session.repository.get("message"):
        _write(session, message=found.message)
    return operations.Again(LOOK_SECONDS)


def _arrived(session: Session, found: Fetch) -> None:
    """Have the session open at the file, or at the repository's folder."""
    say = _("The repository is in the folder %(folder)s.") % {"folder": found.folder}
    told = {
        "state": READY,
        "message": found.message,
        "folder": found.folder,
        "commit": found.commit,
        "opens": found.path or found.folder,
    }
    session.repository = session.repository | told
    update(session, line=say, repository=session.repository, url=opened_at(session, session.url))


def opened_at(session: Session, url: str) -> str:
    """Return where a session opens: at the file of its repository once that is there."""
    opens = session.repository.get("opens")
    if session.repository.get("state") != READY or not opens:
        return url
    return opened_file(session, str(opens), url)


def _failed(session: Session, reason: str) -> None:
    say = _("The repository was not fetched: %(reason)s") % {"reason": reason}
    _write(session, line=say, state=FAILED, message=reason, id="")


def _write(session: Session, *, line: str = "", **told: Any) -> None:
    update(session, line=line, repository=session.repository | told)


def fetch_gave_up(operation: Operation, error: PortalError) -> None:
    """Say that the session could not be asked; the person may try again."""
    session = Session.objects.get(pk=operation.subject)
    if session.repository.get("state") in {WAITING, FETCHING}:
        _failed(session, error.message)
