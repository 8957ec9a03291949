"""Launch a session: the row first, then the hub is asked, and looked at before it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import User
from sessions import environments
from sessions.backends import Outcome, Server, ServerState, get_backend, service_credential
from sessions.models import PENDING, Session, SessionState
from sessions.services.changes import begin_take_down, change, fail, note
from sessions.services.wishes import MAX_NAME, check_may_open, checked_dids, checked_name
from vre_portal import operations
from vre_portal.errors import NotFound, PortalError, UpstreamRefused, UpstreamTimeout
from vre_portal.models import Operation

START, FOLLOW = "session.start", "session.follow"
REASON_SECONDS = 3.0
WAITS = gettext_lazy(
    "JupyterHub takes no sessions at the moment. Yours waits and starts by itself."
)


def launch(
    user: User,
    *,
    environment: str,
    options: Mapping[str, str] | None = None,
    name: str = "",
    datasets: Iterable[str] = (),
) -> Session:
    """Write the session and the operation that starts it.

    Raises
    ------
    InvalidRequest, Forbidden
        The environment, an option, the name or a dataset's DID can't be used, or a dataset is
        under an embargo.
    UpstreamUnavailable, UpstreamTimeout
        Nobody tells whether a dataset is under an embargo.
    """
    chosen = environments.named(environment)
    wanted = environments.user_options(chosen, options or {}, groups=user.groups)
    dids = checked_dids(datasets)
    check_may_open(user, dids)
    return _written(user, chosen, wanted, checked_name(name), dids)


@transaction.atomic
def _written(
    user: User,
    chosen: environments.Environment,
    wanted: Mapping[str, Any],
    name: str,
    dids: Sequence[str],
) -> Session:
    called = dids[0].partition(":")[2][:MAX_NAME] if dids else chosen.name
    session = Session.objects.create(
        user=user,
        environment=chosen.slug,
        environment_name=chosen.name,
        options=wanted,
        name=name or called,
        datasets=dids,
    )
    change(session, of=PENDING, say=_("Your session is queued."))
    operations.begin(START, subject=session.pk, user_id=user.pk)
    note(session, "launched", f"You launched {session.name}.")
    detail = {"environment": chosen.slug, "datasets": dids}
    audit.record("session.launched", actor=user, about=("session", session.pk), detail=detail)
    return session


def launch_again(session: Session) -> Session:
    """Launch a new session with the settings of an old one."""
    return launch(
        session.user,
        environment=session.environment,
        options=session.choices,
        name=session.name,
        datasets=session.datasets,
    )


def start(operation: Operation) -> operations.Outcome:
    """Ask the hub for the session's server, unless it is there."""
    session = Session.objects.select_related("user").get(pk=operation.subject)
    if not session.is_pending:
        return operations.Done()
    try:
        return _start(session)
    except PortalError as exc:
        if exc.retryable:
            change(session, of=PENDING, say=str(WAITS))
        raise


def _start(session: Session) -> operations.Outcome:
    found = _server(session)
    if found is None or found.state is ServerState.STOPPED:
        try:
            _ask(session)
        except UpstreamTimeout:
            return operations.Again(0.2)  # It has most likely been asked: the next look tells.
        except UpstreamRefused:
            reason = _reason(session)
            if not reason:
                raise
            fail(session, reason, of=PENDING)
            return operations.Done()
    return _asked(session)


@transaction.atomic
def _asked(session: Session) -> operations.Outcome:
    say = _("JupyterHub has taken the session over.")
    now = timezone.now()
    if change(session, of=PENDING, say=say, state=SessionState.STARTING, started_at=now):
        operations.begin(FOLLOW, subject=session.pk, user_id=session.user_id)
    else:
        # Cancelled while the hub was being asked: what it made has to go again.
        begin_take_down(session)
    return operations.Done()


def _server(session: Session) -> Server | None:
    try:
        return get_backend().get(service_credential(), session.user.handle, session.server)
    except NotFound:
        return None


def _ask(session: Session) -> None:
    backend, credential = get_backend(), service_credential()
    handle, server = session.user.handle, session.server
    options, title = session.options, session.name
    try:
        backend.start(credential, handle, server, options=options, display_name=title)
    except NotFound:
        backend.ensure_user(credential, handle)
        backend.start(credential, handle, server, options=options, display_name=title)


def _reason(session: Session) -> str:
    """Return why a start failed at once: the hub tells it in the progress only."""
    backend, credential = get_backend(), service_credential()
    try:
        lines = backend.progress(
            credential, session.user.handle, session.server, seconds=REASON_SECONDS
        )
        return next((line.message for line in lines if line.outcome is Outcome.FAILED), "")
    except PortalError:
        return ""


def gave_up(operation: Operation, error: PortalError) -> None:
    """Record why the session could not be started."""
    fail(Session.objects.get(pk=operation.subject), error.message, of=PENDING)
