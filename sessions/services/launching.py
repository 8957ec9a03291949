"""Launch a session: the row first, then the hub is asked, and looked at before it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import audit
from accounts.models import User
from sessions import environments
from sessions.backends import (
    ManyStarts,
    Outcome,
    Server,
    ServerState,
    get_backend,
    service_credential,
)
from sessions.definitions import Environment
from sessions.models import ASKED_AT, PENDING, Session, SessionState
from sessions.services import bringing, hub_groups
from sessions.services.capacity import check_person_alone
from sessions.services.changes import (
    TAKE_DOWN,
    begin,
    begin_another,
    change,
    fail,
    line_of,
    note,
    wait_out,
)
from sessions.services.digests import digest_of
from sessions.services.ends import Policy
from sessions.services.origins import Origin
from sessions.services.repository_links import RepositoryLink
from sessions.services.wishes import MAX_NAME, check_may_open, checked_dids, checked_name
from vre_portal import operations
from vre_portal.errors import NotFound, PortalError, UpstreamRefused, UpstreamTimeout
from vre_portal.models import Operation

START, FOLLOW = "session.start", "session.follow"
REASON_SECONDS = 3.0
LONGEST_TURN = 5.0
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
    repository: RepositoryLink | None = None,
    bring: bool = True,
    origin: Origin | None = None,
    keep_alive: bool = False,
) -> Session:
    """Write the session and the operation that starts it.

    What is not at the storage that sessions read is copied there when `bring` says so; the session
    starts meanwhile. The repository is fetched into it once it is ready.

    Raises
    ------
    InvalidRequest, Forbidden
        The environment, an option, the name or a dataset's DID can't be used, or a dataset is
        under an embargo.
    QuotaExceeded
        The person has as many sessions as one may have.
    UpstreamUnavailable, UpstreamTimeout
        Nobody tells whether a dataset is under an embargo.
    """
    chosen = environments.named(environment)
    start_with = environments.chosen(chosen, options or {}, user=user)
    dids = checked_dids(datasets)
    check_may_open(user, dids)
    asked: dict[str, Any] = {
        "options": dict(start_with.user_options),
        "policy": Policy.from_launch(start_with).as_state(),
        "keep_alive": keep_alive,
        "digest": digest_of(chosen, start_with),
        "datasets": dids,
        "brought": bringing.wanted(dids) if bring else {},
        "repository": repository.as_state() if repository else {},
        "origin": origin.as_state() if origin else {},
    }
    return _written(user, chosen, checked_name(name), asked)


@transaction.atomic
def _written(
    user: User,
    chosen: Environment,
    name: str,
    asked: Mapping[str, Any],
) -> Session:
    check_person_alone(user)
    say = _("Your session is queued.")
    session = Session.objects.create(
        user=user,
        environment=chosen.slug,
        environment_name=chosen.title,
        name=name or _called(chosen, asked),
        message=say,
        events=[line_of(say)],
        **asked,
    )
    # Nothing of it can be under way yet, so the key is the first; and the worker is woken at once.
    key = f"{START}:{session.pk}:0"
    operations.begin(START, subject=session.pk, user_id=user.pk, key=key, is_new=True)
    bringing.begin_bring(session)
    note(session, "launched", f"You launched {session.name}.")
    detail = {"environment": chosen.slug, "digest": session.digest, "datasets": session.datasets}
    for named, told in (("repository", "url"), ("origin", "url")):
        if asked[named]:
            detail[named] = asked[named][told]
    audit.record("session.launched", actor=user, about=("session", session.pk), detail=detail)
    return session


def _called(chosen: Environment, asked: Mapping[str, Any]) -> str:
    """Return what a session is called that nobody gave a name: like its data or repository."""
    repository = RepositoryLink.from_state(asked["repository"])
    if asked["datasets"]:
        return str(asked["datasets"][0]).partition(":")[2][:MAX_NAME]
    return repository.name[:MAX_NAME] if repository else chosen.title


def launch_again(session: Session) -> Session:
    """Launch a new session with the settings of an old one."""
    return launch(
        session.user,
        environment=session.environment,
        options=session.choices,
        name=session.name,
        datasets=session.datasets,
        repository=RepositoryLink.from_state(session.repository),
        bring=bool(session.brought),
        origin=Origin.from_state(session.origin),
        keep_alive=session.keep_alive,
    )


def start(operation: Operation) -> operations.Outcome:
    """Ask the hub for the session's server, unless it is there."""
    session = Session.objects.select_related("user").get(pk=operation.subject)
    if not session.is_pending:
        return operations.Done()
    try:
        # The name is the session's own and the hub takes it once: to ask again does no harm, but
        # who was cut off has to look.
        return _start(session, look=operation.attempts > 1 or session.started_at is not None)
    except ManyStarts as exc:
        change(session, of=PENDING, say=_turn(session))
        # The hub spreads those who come again over half a minute; a short turn is asked for sooner.
        return operations.Again(min(exc.seconds, LONGEST_TURN))
    except PortalError as exc:
        if exc.retryable:
            change(session, of=PENDING, say=str(WAITS))
        return wait_out(exc, operation)


def _turn(session: Session) -> str:
    """Say how many of the site's sessions wait before this one."""
    queued = Session.objects.filter(state=SessionState.QUEUED).annotate(asked=ASKED_AT)
    before = queued.filter(asked__lt=session.asked_at).count()
    if not before:
        return _("Many sessions are starting. Yours is the next one.")
    return ngettext(
        "Many sessions are starting. %(n)s waits before yours.",
        "Many sessions are starting. %(n)s wait before yours.",
        before,
    ) % {"n": before}


def _start(session: Session, *, look: bool) -> operations.Outcome:
    found = _server(session) if look else None
    if found is None or found.state is ServerState.STOPPED:
        try:
            _ask(session)
        except UpstreamTimeout:
            # It has most likely been asked: the next look tells.
            if change(session, of=PENDING, started_at=timezone.now()):
                return operations.Again(0.2)
            return _cancelled(session)
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
    if not change(session, of=PENDING, say=say, state=SessionState.STARTING, started_at=now):
        return _cancelled(session)
    begin(FOLLOW, session)
    return operations.Done()


def _cancelled(session: Session) -> operations.Outcome:
    """Take down what the hub made although the start was cancelled while it was being asked."""
    begin_another(TAKE_DOWN, session)
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
        hub_groups.sync(session.user)
        backend.start(credential, handle, server, options=options, display_name=title)
    except NotFound:
        backend.ensure_user(credential, handle)
        hub_groups.sync(session.user, anew=True)
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
