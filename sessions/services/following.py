"""Follow a start by the hub's progress stream until it is ready or has failed."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from activity.models import Level
from sessions.backends import Outcome, Progress, ServerState, get_backend, service_credential
from sessions.models import Session, SessionState
from sessions.services.changes import change, fail, note, tell_ending, wait_out
from sessions.services.ends import life_until
from sessions.services.fetching import begin_fetch, opened_at
from sessions.services.notebooks import deliver
from sessions.services.opening import front_of, opened_file
from sessions.services.opening_handovers import deliver_handover
from vre_portal import operations
from vre_portal.errors import NotFound, PortalError
from vre_portal.models import Operation

#: A step reads the stream this long; other work gets its turn between two steps.
STEP_SECONDS = 8.0
#: The hub gives up long before; this holds should it forget to say so.
LONGEST_START = timedelta(minutes=10)
STARTING = (SessionState.STARTING,)


def follow(operation: Operation) -> operations.Outcome:
    """Read the progress for a while, and act on how it ends."""
    session = Session.objects.select_related("user").get(pk=operation.subject)
    if session.state != SessionState.STARTING:
        return operations.Done()
    try:
        return _read(session, operation) or _look(session)
    except PortalError as exc:
        return wait_out(exc, operation)


def _read(session: Session, operation: Operation) -> operations.Done | None:
    """Read the progress for a while; None when it has not ended meanwhile."""
    handle, server = session.user.handle, session.server
    lines = get_backend().progress(service_credential(), handle, server, seconds=STEP_SECONDS)
    try:
        for line in lines:
            operations.hold(operation)
            if _heard(session, line):
                return operations.Done()
    except NotFound:
        fail(session, _("The start was cancelled at the hub."), of=STARTING)
        return operations.Done()
    return None


def _heard(session: Session, line: Progress) -> bool:
    """Write a line of progress down; True when it is the last that matters."""
    match line.outcome:
        case Outcome.READY:
            _ready(session, line.url)
            return True
        case Outcome.FAILED:
            fail(session, line.message or _("The hub does not say why."), of=STARTING)
            return True
    if any(event["text"] == line.message for event in session.events):
        return False  # Each stream tells everything from the start again.
    percent = max(session.percent, line.percent)
    return not change(session, of=STARTING, say=line.message, percent=percent)


def _look(session: Session) -> operations.Outcome:
    """Ask for the state, since a stream may end without saying how it went."""
    try:
        found = get_backend().get(service_credential(), session.user.handle, session.server)
    except NotFound:
        fail(session, _("JupyterHub no longer knows the session."), of=STARTING)
        return operations.Done()
    if found.state is ServerState.READY:
        _ready(session, found.url)
        return operations.Done()
    if found.state is not ServerState.STARTING:
        fail(session, _("The session's server ended while it started."), of=STARTING)
        return operations.Done()
    if session.started_at and timezone.now() - session.started_at > LONGEST_START:
        fail(session, _("The start took longer than 10 minutes and was given up."), of=STARTING)
        return operations.Done()
    return operations.Again(0.5)


def _ready(session: Session, url: str) -> None:
    """Put what it is to open with in place, then say that the session may be opened."""
    path, now = _opens_at(session, url), timezone.now()
    with transaction.atomic():
        if not change(
            session, of=STARTING, say=_("Your session is ready."), state=SessionState.READY,
            url=path, percent=100, ready_at=now, checked_at=now,
            expires_at=life_until(session, now),
        ):  # fmt: skip
            return
        note(session, "ready", f"{session.name} is ready.", level=Level.OK)
        # Another repository may have been asked for since the start is followed.
        session.refresh_from_db(fields=["repository"])
        begin_fetch(session)
        tell_ending(session)


def _opens_at(session: Session, url: str) -> str:
    """Put notebook and handover in place, once: what a restart finds may have been worked on."""
    path = front_of(session, url)
    if session.restarted_at is not None:
        return session.url or path
    if session.datasets:
        path = _with_notebook(session, url)
    return deliver_handover(session, opened_at(session, path))


def _with_notebook(session: Session, url: str) -> str:
    change(session, of=STARTING, say=_("Putting the notebook for your data in place."), percent=95)
    try:
        return opened_file(session, deliver(session, session.datasets), url)
    except PortalError as exc:
        # The session itself is well: better open it without the notebook than not at all.
        change(session, of=STARTING, say=_("The notebook was not put in place: ") + exc.message)
        return front_of(session, url)


def follow_gave_up(operation: Operation, error: PortalError) -> None:
    """Record that the start could not be followed."""
    fail(Session.objects.get(pk=operation.subject), error.message, of=STARTING)
