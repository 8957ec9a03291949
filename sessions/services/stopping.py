"""Stop sessions, also those that are starting, and leave nothing at the hub."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from sessions.backends import get_backend, service_credential
from sessions.models import FINISHED, PENDING, Session, SessionState
from sessions.services.changes import begin_take_down, change, note
from sessions.services.restarting import begin_again
from vre_portal import operations
from vre_portal.errors import Conflict, PortalError
from vre_portal.models import Operation

STOPPABLE = (*PENDING, SessionState.READY)
STOPPING = (SessionState.STOPPING,)


@transaction.atomic
def stop(session: Session) -> Session:
    """Stop a session, or cancel its start; nothing happens to one that has ended."""
    if session.restart_with is not None and change(
        session, of=STOPPING, say=_("It will not start again."), restart_with=None
    ):
        return session
    if _end(session):
        note(session, "stopping", f"You stopped {session.name}.")
        audit.record("session.stopped", actor=session.user, about=("session", session.pk))
    return session


def stop_all(user: User) -> None:
    """Stop every session of a user who may not act any more."""
    for session in Session.objects.filter(user=user).active():
        stop_by_portal(session)


@transaction.atomic
def stop_by_portal(session: Session) -> None:
    """Stop a session whose owner may not act any more, also one that the hub did not stop yet."""
    if session.state == SessionState.STOPPING:
        change(session, of=STOPPING, restart_with=None)
        begin_take_down(session)
    elif _end(session):
        note(session, "stopping", f"{session.name} was stopped: your account may not act now.")
        detail = {"owner": session.user.handle}
        audit.record("session.ended", about=("session", session.pk), detail=detail)


def _end(session: Session) -> bool:
    say = _("The session is stopping.")
    if not change(session, of=STOPPABLE, say=say, state=SessionState.STOPPING):
        return False
    begin_take_down(session)
    return True


def still_running(user: User) -> list[str]:
    """Return why the account of a user with sessions can't go: they run under its name."""
    names = Session.objects.filter(user=user).active().values_list("name", flat=True)
    return [
        _("The session %(name)s runs under the account that would go. Stop it first.")
        % {"name": name}
        for name in names
    ]


def remove(session: Session) -> None:
    """Take a session that has ended off the list.

    Raises
    ------
    Conflict
        It still runs.
    """
    # The row stays for a while: its server may still have to be taken away at the hub.
    ended = Session.objects.filter(pk=session.pk, state__in=FINISHED)
    if not ended.update(removed_at=timezone.now()):
        raise Conflict("The session still runs. Stop it first.")


def take_down(operation: Operation) -> operations.Outcome:
    """Have the hub stop and forget the server."""
    session = Session.objects.select_related("user").get(pk=operation.subject)
    if session.state not in {*STOPPING, *FINISHED}:
        # It was taken down and started again, only nobody lived to say so.
        return operations.Done()
    if not get_backend().stop(service_credential(), session.user.handle, session.server):
        return operations.Again(1.0)
    _taken_down(session)
    return operations.Done()


@transaction.atomic
def _taken_down(session: Session) -> None:
    """Say that it has stopped, or start it again where that is still wanted."""
    rows = Session.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.get(pk=session.pk)
    # A restart opens where the session opened before.
    ended = {"stopped_at": timezone.now(), "url": row.url if row.restart_with else ""}
    say, stopped = _("The session has stopped."), SessionState.STOPPED
    if not change(row, of=STOPPING, say=say, state=stopped, **ended):
        return
    if not begin_again(row):
        note(row, "stopped", f"{row.name} has stopped.")


def take_down_gave_up(operation: Operation, error: PortalError) -> None:
    """Say that the hub did not stop it so far; reconciling begins again."""
    session = Session.objects.get(pk=operation.subject)
    change(
        session, of=STOPPING, say=f"{error.message} The session is stopped as soon as it can be."
    )
