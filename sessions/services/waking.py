"""Start a session that has ended for somebody who reads its files, and stop it again afterwards.

What the portal started itself it stops itself: by an operation of its own, which no crash of the
reader ends. A person who uses the session meanwhile keeps it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from sessions import environments
from sessions.backends import get_backend, service_credential
from sessions.backends.running import get_running
from sessions.definitions import Environment, Launch
from sessions.models import FINISHED, FOR_READING, Session, SessionState
from sessions.services.capacity import check_person, check_person_alone
from sessions.services.changes import TAKE_DOWN, begin, begin_take_down, change, update
from sessions.services.digests import digest_of
from sessions.services.ends import Policy
from sessions.services.entering import entered
from sessions.services.launching import START
from sessions.services.stopping import STOPPABLE
from vre_portal import operations
from vre_portal.errors import Conflict, InvalidRequest, PortalError
from vre_portal.models import Operation, OperationState

REST = "session.rest"
#: So often it is looked whether somebody still reads, and so often while the hub is silent.
LOOK_SECONDS, WAIT_SECONDS = 1.0, 10.0
#: Longer than the start itself may take.
LONGEST = timedelta(minutes=12)

Need = Callable[[Session], bool]
_needs: list[Need] = []


def on_need(need: Need) -> None:
    """Register who says whether a session's files are still being read."""
    _needs.append(need)


def check_can_wake(session: Session) -> None:
    """Raise why a session that does not run could not be started now.

    Raises
    ------
    InvalidRequest, Forbidden
        Its environment is not there any more, or not for this person.
    QuotaExceeded
        The person has as many sessions as one may have.
    """
    _launch_of(session)
    check_person(session.user)


def awake(session: Session, *, reader: UUID) -> bool:
    """Whether a session runs; one that has ended is started, once for a reader.

    Raises
    ------
    Conflict
        It did not start, took too long, or was stopped meanwhile.
    InvalidRequest, Forbidden, QuotaExceeded
        As `check_can_wake`.
    """
    if session.state == SessionState.READY:
        return True
    if session.is_pending:
        _check_time(session)
    elif was_woken(session, reader):
        raise Conflict(_why_it_ended(session))
    elif session.state in FINISHED and not _is_taken_down(session):
        _wake(session, reader)
    return False


def was_woken(session: Session, reader: UUID) -> bool:
    """Whether a session was started for a reader."""
    return _rest_for(session, reader) is not None


def rests_again(session: Session, reader: UUID) -> bool:
    """Whether nothing is to be done any more about a session that was started for a reader."""
    found = _rest_for(session, reader)
    return found is None or found.state != OperationState.WAITING


def rest(operation: Operation) -> operations.Outcome:
    """Stop what was started for the reading alone, as soon as nobody reads or uses it."""
    rows = Session.objects.select_related("user")
    session = rows.filter(pk=operation.subject).first()
    if session is None or not session.is_for_reading or session.state not in STOPPABLE:
        return operations.Done()
    if _is_needed(session):
        return operations.Again(LOOK_SECONDS)
    try:
        used = _is_used(session)
    except PortalError as exc:
        if not exc.retryable:
            raise
        return operations.Again(WAIT_SECONDS)
    if used:
        _hand_over(session)
    elif _is_needed(session):  # since the hub was asked
        return operations.Again(LOOK_SECONDS)
    else:
        _stop(session)
    return operations.Done()


def rest_gave_up(operation: Operation, error: PortalError) -> None:
    """Leave it to its own end: whether somebody works there nobody can tell."""
    session = Session.objects.filter(pk=operation.subject).first()
    if session is not None:
        line = _("It was not stopped again: %s") % error.message
        update(session, line=line)


def _launch_of(session: Session) -> tuple[Environment, Launch]:
    """Return what it starts with: as it did before, or plainly where that is not offered now."""
    environment = environments.named(session.environment)
    try:
        return environment, environments.chosen(environment, session.choices, user=session.user)
    except InvalidRequest:
        return environment, environments.chosen(environment, {}, user=session.user)


@transaction.atomic
def _wake(session: Session, reader: UUID) -> None:
    environment, launch = _launch_of(session)
    check_person_alone(session.user)
    say = _("The portal starts the session to read its files.")
    policy = Policy.from_launch(launch).as_state() | {FOR_READING: True}
    if not change(
        session, of=FINISHED, say=say, state=SessionState.QUEUED, policy=policy,
        options=dict(launch.user_options), digest=digest_of(environment, launch),
        restarted_at=timezone.now(), restart_with=None, url="", percent=0, started_at=None,
        ready_at=None, stopped_at=None, expires_at=None, warned_of=None, last_activity_at=None,
        usage={}, usage_at=None,
    ):  # fmt: skip
        return  # somebody else has started it just now
    begin(START, session)
    key = _key(session, reader)
    operations.begin(REST, subject=session.pk, user_id=session.user_id, key=key)
    about, detail = ("session", session.pk), {"environment": session.environment, "to": "read"}
    audit.record("session.launched", actor=session.user, about=about, detail=detail)


def _key(session: Session, reader: UUID) -> str:
    return f"{REST}:{session.pk}:{reader}"


def _rest_for(session: Session, reader: UUID) -> Operation | None:
    return Operation.objects.filter(key=_key(session, reader)).first()


def _is_taken_down(session: Session) -> bool:
    """Whether its old server is still being taken away: a new one of its name would go with it."""
    waiting = Operation.objects.filter(state=OperationState.WAITING)
    return waiting.filter(kind=TAKE_DOWN, subject=session.pk).exists()


def _check_time(session: Session) -> None:
    if timezone.now() - session.asked_at > LONGEST:
        words = _("The session did not start within %s minutes. Capture it again later.")
        raise Conflict(words % (LONGEST.seconds // 60))


def _why_it_ended(session: Session) -> str:
    if session.state == SessionState.FAILED:
        return _("The session could not be started to read its files: %s") % session.message
    return _("The session was stopped before its files were read. Capture it again.")


def _is_needed(session: Session) -> bool:
    return any(need(session) for need in _needs)


def _is_used(session: Session) -> bool:
    """Whether a person has opened or shared it since, or lets a kernel work there."""
    if session.shares.standing(timezone.now()).exists():
        return True
    since, handle = session.asked_at, session.user.handle
    if get_backend().opened_since(service_credential(), handle, session.server, since):
        return True
    with suppress(PortalError):  # one that does not tell has nobody who could be asked
        return get_running().usage(*entered(session)).kernels > 0
    return False


@transaction.atomic
def _hand_over(session: Session) -> None:
    """Leave it to the person who uses it."""
    row = Session.objects.select_for_update().get(pk=session.pk)
    line = _("You use the session now: it goes on.")
    update(session, line=line, policy=row.policy_of_a_person)


@transaction.atomic
def _stop(session: Session) -> None:
    say = _("Its files are read: the session is stopping again.")
    if change(session, of=STOPPABLE, say=say, state=SessionState.STOPPING):
        begin_take_down(session)
        audit.record("session.ended", about=("session", session.pk),
                     detail={"owner": session.user.handle, "cause": "read"})  # fmt: skip
