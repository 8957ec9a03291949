"""Who is in a session by a share, and putting out who may not be there any more.

The hub lets people in, the session itself holds what they may do. Both are told of the whole state
again after each change, by an operation: a revocation that one of them did not hear is repeated.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from django.utils import timezone

from accounts import gate
from accounts.models import User
from sessions.backends import get_backend, service_credential
from sessions.backends.running import get_running
from sessions.models import Guest, Level, Session, SessionState, Share
from sessions.services.entering import entered
from vre_portal import operations
from vre_portal.errors import NotFound, PortalError
from vre_portal.models import Operation, OperationState

SETTLE = "session.guests"
#: The guests of a session may change while it is told; so often it is told again.
MOST_ROUNDS = 5


def stands_for(share: Share, user: User) -> bool:
    """Whether a share opens its session for somebody now, by themself or by their group."""
    is_over = share.revoked_at is not None or share.until <= timezone.now()
    if is_over or gate.refusal(user, accepted=True) is not None:
        return False
    return share.recipient_id == user.pk or bool(share.group and share.group in user.groups)


def is_in(guest: Guest) -> bool:
    """Whether somebody who was let in may still be there; each start begins without guests."""
    session = guest.share.session
    if session.state != SessionState.READY:
        return False
    if session.ready_at is not None and guest.let_in_at < session.ready_at:
        return False
    return stands_for(guest.share, guest.user)


def guests_of(session: Session) -> list[Guest]:
    """Return everybody whom the hub was told of, the first first."""
    rows = Guest.objects.filter(share__session=session).order_by("let_in_at")
    return list(rows.select_related("user", "share__session"))


def levels(guests: Iterable[Guest]) -> dict[str, str]:
    """Return by handle what those may do who may be in: more counts when somebody has both."""
    found: dict[str, str] = {}
    for guest in guests:
        if is_in(guest) and found.get(guest.user.handle) != Level.WORK:
            found[guest.user.handle] = guest.share.level
    return found


def tell_session(session: Session) -> None:
    """Tell a session who may be in, until what it was told last is still so."""
    told: Mapping[str, str] | None = None
    for _round in range(MOST_ROUNDS):
        wanted = levels(guests_of(session))
        if wanted == told:
            return
        credential, place = entered(session)
        get_running().set_guests(credential, place, wanted)
        told = wanted


def begin_settling(session: Session, *, again: bool = False) -> None:
    """Have hub and session put out who may not be in any more; `again` unless that is under way."""
    before = Operation.objects.filter(kind=SETTLE, subject=session.pk)
    if again and before.filter(state=OperationState.WAITING).exists():
        return
    # Each end has an operation of its own: one that is under way may have looked before it.
    key = f"{SETTLE}:{session.pk}:{uuid.uuid4()}"
    operations.begin(SETTLE, subject=session.pk, user_id=session.user_id, key=key)


def settle(operation: Operation) -> operations.Outcome:
    """Shut out at the hub, then in the session, and forget them once both have heard."""
    session = Session.objects.select_related("user").get(pk=operation.subject)
    found = guests_of(session)
    over = [guest for guest in found if not is_in(guest)]
    if not over:
        return operations.Done()
    problem = _shut_out(session, {guest.user.handle for guest in over} - levels(found).keys())
    # The session holds the door by itself, so it hears of it also while the hub is silent.
    if session.state == SessionState.READY:
        try:
            tell_session(session)
        except NotFound:
            pass  # it has ended meanwhile, and everybody is out
        except PortalError as exc:
            problem = problem or exc
    if problem is not None:
        raise problem
    for guest in over:
        # Somebody who came in again meanwhile, by another start, has a row that says so.
        Guest.objects.filter(pk=guest.pk, let_in_at=guest.let_in_at).delete()
    return operations.Done()


def _shut_out(session: Session, handles: Iterable[str]) -> PortalError | None:
    """Shut everybody out at the hub; return the first problem instead of stopping there."""
    problem = None
    for handle in sorted(handles):
        try:
            get_backend().shut_out(
                service_credential(), session.user.handle, session.server, handle
            )
        except PortalError as exc:
            problem = problem or exc
    return problem


def settle_gave_up(operation: Operation, error: PortalError) -> None:
    """Leave it to the clock: the rows still stand, and it begins again."""
