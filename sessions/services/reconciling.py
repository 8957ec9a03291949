"""Bring the rows into line with the hub: one list for all users, every ten seconds."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import gate
from accounts.models import AuditEvent, User
from sessions import environments
from sessions.backends import Server, ServerState, get_backend, service_credential
from sessions.models import FINISHED, Session, SessionState
from sessions.services.changes import begin_take_down, change, note
from sessions.services.ends import Policy, is_blind, life_until
from sessions.services.fetching import begin_fetch
from sessions.services.opening import front_of
from sessions.services.stopping import STOPPABLE, stop_by_portal
from vre_portal.errors import NotFound, PortalError

log = logging.getLogger(__name__)
OURS = re.compile(r"s-[0-9a-f]{8}")
Key = tuple[str, str]


def reconcile() -> None:
    """Look at every active server once; raises a `PortalError` when the hub does not answer."""
    # Rows before servers: a row that becomes ready in between is not taken for one that is gone.
    rows = {_key(row): row for row in Session.objects.active().select_related("user")}
    found = get_backend().list_active(service_credential())
    shut_out = _shut_out({server.handle for server in found} | {handle for handle, _name in rows})
    servers = {(server.handle, server.name): server for server in found}
    runs = []
    for key, row in rows.items():
        if row.user.handle in shut_out and row.state in STOPPABLE:
            stop_by_portal(row)
        elif row.state == SessionState.STOPPING:
            begin_take_down(row)
        elif row.state == SessionState.READY and key in servers:
            runs.append((row, servers[key]))
    _seen(runs)
    strays = [server for key, server in servers.items() if key not in rows]
    _adopt(one for one in strays if one.handle not in shut_out and OURS.fullmatch(one.name))
    _clear_away(one for one in strays if one.handle in shut_out)
    missing = [row for key, row in rows.items() if key not in servers]
    _look_for(row for row in missing if row.state == SessionState.READY)


def _shut_out(handles: set[str]) -> set[str]:
    """Return whose servers may not run, whatever started them: the people are gone or may not act.

    A handle that the portal never gave is somebody else's business.
    """
    people = {user.handle: user for user in User.objects.filter(handle__in=handles)}
    barred = {
        handle
        for handle, user in people.items()
        if isinstance(gate.refusal(user, accepted=True), gate.Suspended | gate.Leaving)
    }
    gone = AuditEvent.objects.filter(
        action="account.deleted", object_kind="account", object_id__in=handles - people.keys()
    )
    return barred | set(gone.values_list("object_id", flat=True))


def _clear_away(servers: Iterable[Server]) -> None:
    """Have the hub stop servers that nothing stands for here; the next round looks again."""
    for server in servers:
        try:
            get_backend().stop(service_credential(), server.handle, server.name)
        except PortalError as exc:
            log.warning("%s of %s still runs: %s", server.name, server.handle, exc.message)


def _key(row: Session) -> Key:
    return row.user.handle, row.server


def _seen(runs: Sequence[tuple[Session, Server]]) -> None:
    """Write down what runs, and later use of it: only times change, no page has to be told.

    After a time in which nobody looked a session counts as used now: the hub may have been away
    too, and have heard of no use either. The portal may know of later use than the hub.
    """
    now = timezone.now()
    rows = Session.objects.filter(state=SessionState.READY)
    rows.filter(pk__in=[row.pk for row, _server in runs]).update(checked_at=now)
    for row, server in runs:
        used = now if is_blind(row, now) else server.last_activity
        if used and (row.last_activity_at is None or used > row.last_activity_at):
            used_at = Greatest("last_activity_at", Value(used, DateTimeField()))
            rows.filter(pk=row.pk).update(last_activity_at=used_at)


def _look_for(rows: Iterable[Session]) -> None:
    """Ask for each server that is not in the list, for that may leave out what runs."""
    for row in rows:
        try:
            found = get_backend().get(service_credential(), row.user.handle, row.server)
        except NotFound:
            _gone(row)
        except PortalError as exc:
            log.warning("%s may be gone or not: %s", row.server, exc.message)
            if exc.retryable:
                return  # A hub that does not answer is not asked for all the others too.
        else:
            if found.state is ServerState.STOPPED:
                _gone(row)
            else:
                _seen([(row, found)])


@transaction.atomic
def _gone(row: Session) -> None:
    say = _("The session no longer runs: the hub stopped it, or it was stopped from inside.")
    changed = change(
        row, of=[SessionState.READY], say=say, state=SessionState.STOPPED,
        stopped_at=timezone.now(), url="",
    )  # fmt: skip
    if changed:
        note(row, "gone", f"{row.name} no longer runs.")
        # The hub still counts it toward the user's limit until it has forgotten it.
        begin_take_down(row)


def _adopt(servers: Iterable[Server]) -> None:
    """Take in servers of ours that no active row stands for."""
    for server in servers:
        known = Session.objects.filter(user__handle=server.handle, server=server.name)
        row = known.select_related("user").first()
        if row is not None and row.state in FINISHED and _never_ran(row):
            begin_take_down(row)
        elif server.state is ServerState.READY and row is not None:
            _revive(row, server)
        elif server.state is ServerState.READY:
            _take_in(server)


def _never_ran(row: Session) -> bool:
    """Whether its start failed or was cancelled: what comes after that nobody waits for."""
    return row.state == SessionState.FAILED or row.ready_at is None


@transaction.atomic
def _revive(row: Session, server: Server) -> None:
    say = _("The session was found running at the hub.")
    found = _found(row, server)
    if change(row, of=FINISHED, say=say, stopped_at=None, warned_of=None, **found):
        begin_fetch(row)


@transaction.atomic
def _take_in(server: Server) -> None:
    user = User.objects.filter(handle=server.handle).first()
    if user is None:
        return
    slug = server.options.get("profile", "")
    say = _("The session was found running at the hub.")
    row = Session(
        user=user, environment=slug, environment_name=_name_of(slug), name=_name_of(slug),
        options=dict(server.options), server=server.name, policy=_policy_of(server),
    )  # fmt: skip
    row.save()
    change(row, of=[SessionState.QUEUED], say=say, percent=100, **_found(row, server))


def _policy_of(server: Server) -> dict[str, object]:
    try:
        launch = environments.settled(server.options, environments.all_environments())
    except PortalError:
        return {}
    return Policy.from_launch(launch).as_state() if launch else {}


def _found(row: Session, server: Server) -> dict[str, object]:
    """Return what a row says of a server that somebody else started."""
    now = timezone.now()
    since = server.started_at or now
    return {
        "state": SessionState.READY,
        "url": front_of(row, server.url),
        "restarted_at": since,
        "started_at": since,
        "ready_at": since,
        "expires_at": life_until(row, since),
        "removed_at": None,
        "checked_at": now,
        "last_activity_at": server.last_activity,
    }


def _name_of(slug: str) -> str:
    try:
        return environments.named(slug).title
    except PortalError:
        return slug or _("Session")
