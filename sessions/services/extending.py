"""Extend a session, warn before it ends by itself, and end it when the time has come."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts import audit
from activity.models import Level
from sessions.backends import get_backend, service_credential
from sessions.models import Session, SessionState
from sessions.services.changes import begin_take_down, change, note, tell_ending
from sessions.services.ends import (
    Cause,
    End,
    Policy,
    extended_until,
    known_end,
    near,
    next_end,
)
from vre_portal.errors import Conflict, PortalError

log = logging.getLogger(__name__)
READY = (SessionState.READY,)


def extend(session: Session) -> Session:
    """Put a running session's ends off: it counts as used now, and lives longer if it may.

    Raises
    ------
    Conflict
        It does not run, or has no end that could be put off.
    """
    before = next_end(session)
    if before is None:
        raise Conflict("Only a session that runs and has an end can be extended.")
    until = extended_until(session)
    if until is None and before.cause is Cause.LIFE:
        raise Conflict(_longest(session))
    _put_off(session, until)
    try:
        get_backend().touch(service_credential(), session.user.handle, session.server)
    except PortalError as exc:
        # The portal keeps to its own row; the hub's own culler waits an hour longer.
        log.warning("%s: the hub did not hear of its use: %s", session.server, exc.message)
    return session


@transaction.atomic
def _put_off(session: Session, until: datetime | None) -> None:
    now = timezone.now()
    changes = {
        "last_activity_at": now,
        "expires_at": until or session.expires_at,
        "policy": session.policy_of_a_person,
    }
    say = _("You extended the session.")
    if until is not None:
        say = _("You extended the session until %s.") % _moment(until)
    if not change(session, of=READY, say=say, **changes):
        raise Conflict("The session no longer runs.")
    audit.record(
        "session.extended",
        actor=session.user,
        about=("session", session.pk),
        detail={"until": until.isoformat() if until else ""},
    )
    tell_ending(session)


def _longest(session: Session) -> str:
    hours = Policy.of(session).longest_hours
    return _(
        "A session of this environment lives at most %(hours)g hours. Save your work and launch "
        "it again: your files stay."
    ) % {"hours": hours or 0}


def watch_ends() -> None:
    """Warn of ends that are near, and stop what is over; one look at all running sessions."""
    now = timezone.now()
    running = Session.objects.filter(state=SessionState.READY).select_related("user")
    for session, end in near(running, now):
        if end.is_over(now):
            _stop(session, now)
        elif _is_news(session, end):
            _warn(session, end)


def _is_news(session: Session, end: End) -> bool:
    """Whether the owner does not know of an end; one without use moves a little and stays known."""
    if session.warned_of is None or session.warned_of < end.warn_at:
        return True
    # Who was warned of an end without use, and used it, heard nothing of the life that ends then.
    return end.cause is Cause.LIFE and session.warned_of != end.at


@transaction.atomic
def _warn(session: Session, end: End) -> None:
    if not change(session, of=READY, warned_of=end.at):
        return
    reasons = {
        Cause.LIFE: _("%(name)s ends at %(time)s: its time is over then."),
        Cause.IDLE: _("%(name)s ends at %(time)s unless somebody uses it before."),
    }
    said = reasons[end.cause] % {"name": session.name, "time": _moment(end.at)}
    what = _("Extend it in one click, or save your work: what is not saved is lost.")
    note(session, "ending", f"{said} {what}", level=Level.WARNING)
    tell_ending(session)


@transaction.atomic
def _stop(found: Session, now: datetime) -> None:
    # Somebody may have extended it since it was found.
    rows = Session.objects.select_for_update(of=("self",)).select_related("user")
    session = rows.get(pk=found.pk)
    end = known_end(session, now)
    if end is None or not end.is_over(now):
        return
    minutes = Policy.of(session).minutes_idle
    reasons = {
        Cause.LIFE: _("The session's time is over: it is being stopped. Your files are kept."),
        Cause.IDLE: _("Nobody used the session for %s minutes: it is being stopped.") % minutes,
    }
    if not change(session, of=READY, say=reasons[end.cause], state=SessionState.STOPPING):
        return
    begin_take_down(session)
    note(session, "ended", f"{session.name}: {reasons[end.cause]}", level=Level.WARNING)
    audit.record(
        "session.ended",
        about=("session", session.pk),
        detail={"owner": session.user.handle, "cause": end.cause},
    )
    tell_ending(session)


def _moment(at: datetime) -> str:
    """Return a moment with its time zone, for it is read in mails too, and the day if not today."""
    local = localtime(at)
    today = local.date() == timezone.localdate()
    written = date_format(local, "TIME_FORMAT" if today else "SHORT_DATETIME_FORMAT")
    return f"{written} {local.tzname()}"
