"""Restart a session, with other resources if wanted: it stops, and starts under the same name."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from sessions import environments
from sessions.models import Session, SessionState
from sessions.services.changes import begin, begin_take_down, change, note
from sessions.services.digests import digest_of
from sessions.services.ends import Policy
from sessions.services.launching import START
from sessions.services.opening import front_of
from vre_portal.errors import Conflict

STOPPED = (SessionState.STOPPED,)


def restart(session: Session, options: Mapping[str, str] | None = None) -> Session:
    """Stop a running session and start it again, with its own options or others.

    Raises
    ------
    InvalidRequest, Forbidden
        An option or choice that the environment does not have, or it is not for this person.
    Conflict
        It does not run.
    """
    environment = environments.named(session.environment)
    wanted = session.choices if options is None else options
    launch = environments.chosen(environment, wanted, user=session.user)
    with transaction.atomic():
        again = {
            "options": dict(launch.user_options),
            "policy": Policy.from_launch(launch).as_state(),
            "digest": digest_of(environment, launch),
        }
        say = _("The session is restarting: it stops first.")
        if not change(
            session, of=[SessionState.READY], say=say, state=SessionState.STOPPING,
            restart_with=again,
        ):  # fmt: skip
            raise Conflict("Only a session that runs can be restarted.")
        begin_take_down(session)
        note(session, "restarting", f"You restarted {session.name}.")
        detail = {"options": again["options"]}
        audit.record(
            "session.restarted", actor=session.user, about=("session", session.pk), detail=detail
        )
    return session


def begin_again(session: Session) -> bool:
    """Queue a session that has stopped in order to start again; False when it was given up."""
    again = session.restart_with
    # A file stays where it is; the front may be another one by now.
    url = "" if session.url == front_of(session) else session.url
    if again is None or not change(
        session, of=STOPPED, say=_("Your session is queued again."), state=SessionState.QUEUED,
        restart_with=None, restarted_at=timezone.now(), url=url, percent=0, started_at=None,
        ready_at=None, stopped_at=None, expires_at=None, warned_of=None, last_activity_at=None,
        usage={}, usage_at=None, **again,
    ):  # fmt: skip
        return False
    begin(START, session)
    return True
