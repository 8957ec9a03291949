"""Suspension: whoever may not act any more is stopped everywhere within a minute, and comes back.

Pages, the API, streams, sockets, API tokens, the broker and the vault each ask for the person's
state when they act; what is already open is closed here.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from accounts import audit, grants, satellites, services, web_sessions
from accounts.models import Identity, User
from vre_portal.errors import Conflict, InvalidRequest, NotFound
from vre_portal.live import close_sockets_of

#: Given a user who has just been suspended: end what runs for them elsewhere.
_on_suspended: list[Callable[[User], None]] = []


def on_suspended(end: Callable[[User], None]) -> None:
    """Register what an app ends when somebody is suspended."""
    _on_suspended.append(end)


@transaction.atomic
def suspend(user: User, *, reason: str, by: User | None = None) -> None:
    """Stop a person everywhere; their work waits.

    Raises
    ------
    InvalidRequest
        No reason is given.
    Conflict
        They suspend themself, or are suspended already.
    """
    if not reason.strip():
        raise InvalidRequest("Say why: the person and other operators will ask.", field="reason")
    if by is not None and by.pk == user.pk:
        raise Conflict("You cannot suspend yourself. Ask another operator.")
    if not user.is_active:
        raise Conflict(f"{user.handle} is suspended already.")
    user.is_active = False
    user.suspended_at, user.suspension_reason = timezone.now(), reason.strip()[:300]
    user.save(update_fields=["is_active", "suspended_at", "suspension_reason"])
    audit.record(
        "account.suspended", actor=by, about=("account", user.handle), detail={"reason": reason}
    )
    web_sessions.end(user.web_sessions.all())
    satellites.end_grants(user)
    transaction.on_commit(lambda: close_sockets_of(user.pk))
    end_elsewhere(user)


@transaction.atomic
def reinstate(user: User, *, by: User | None = None) -> None:
    """Let a suspended person in again; waiting work goes on.

    Raises
    ------
    Conflict
        They are not suspended, or the account was merged into another.
    """
    if user.is_active or user.merged_into_id is not None:
        raise Conflict(f"{user.handle} is not suspended.")
    user.is_active, user.suspended_at, user.suspension_reason = True, None, ""
    user.save(update_fields=["is_active", "suspended_at", "suspension_reason"])
    audit.record("account.reinstated", actor=by, about=("account", user.handle))


@transaction.atomic
def lapse(identity: Identity, *, why: str) -> None:
    """Note that the provider no longer vouches for an identity; what it opened is closed.

    Its tokens are given back. API tokens, and what the portal's own issuer gave, hold while another
    identity of the person has not lapsed. The next sign-in with this identity ends the state.
    """
    if identity.lapsed_at is not None:
        return
    identity.lapsed_at = timezone.now()
    identity.save(update_fields=["lapsed_at"])
    audit.record("identity.lapsed", identity=identity, detail={"why": why})
    grants.give_back(identity)
    web_sessions.end(identity.web_sessions.all())
    user = identity.user
    services.roles_renewed(user)
    if not user.identities.filter(lapsed_at=None).exists():
        satellites.end_grants(user)
        transaction.on_commit(lambda: close_sockets_of(user.pk))


def provider_says_inactive(issuer_url: str, subject: str) -> None:
    """Take a provider's word that an account has ended there (SCIM 2.0 ``active: false``).

    Raises
    ------
    NotFound
        Nobody with this identity was ever here.
    """
    identity = Identity.objects.filter(issuer=issuer_url, subject=subject).first()
    if identity is None:
        raise NotFound("There is no such identity.")
    lapse(identity, why="the provider says that it is inactive")


def end_elsewhere(user: User) -> None:
    """End what runs for a person in the backends."""
    for end in _on_suspended:
        end(user)
