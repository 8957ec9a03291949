"""A second identity for one person: proven in a browser, then confirmed by its owner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit, grants, merging, providers, provisioning, services, web_sessions
from accounts.id_tokens import Proven
from accounts.models import BackendAccount, Identity, PendingLink, User
from accounts.sealing import Unreadable, seal, unseal
from accounts.token_endpoint import Tokens
from vre_portal.errors import Conflict, NotFound

MINUTES_TO_CONFIRM = 10


@dataclass(frozen=True, slots=True)
class Proposal:
    """A link that waits for its owner's word; `other` is the account that would be merged."""

    proven: Proven
    other: User | None
    name: str
    email: str


def propose(user: User, session_key: str, proven: Proven) -> PendingLink:
    """Keep what a sign-in has proven until its owner confirms the link in the same browser.

    Raises
    ------
    Conflict
        The identity belongs to this person already.
    """
    key = {"issuer": proven.provider.issuer, "subject": proven.subject}
    owner = Identity.objects.select_related("user").filter(**key).first()
    if owner is not None and owner.user_id == user.pk:
        raise Conflict("This identity is yours already. Nothing was changed.")
    if owner is not None and not owner.user.is_active:
        raise Conflict("This identity belongs to a suspended account. Write to the operators.")
    user.pending_links.all().delete()
    return PendingLink.objects.create(
        session_key=session_key,
        user=user,
        other=owner.user if owner else None,
        provider=proven.provider.slug,
        subject=proven.subject,
        sealed=seal(_packed(proven), bound_to=f"link:{user.pk}"),
        expires_at=timezone.now() + timedelta(minutes=MINUTES_TO_CONFIRM),
    )


def pending(user: User, session_key: str) -> Proposal:
    """Return the link that waits in this browser.

    Raises
    ------
    NotFound
        There is none, or it is too old.
    """
    return _proposal(_row(user, session_key))


@transaction.atomic
def confirm(user: User, session_key: str) -> Identity:
    """Join the proven identity to the user; the account that had it is merged into the user's."""
    row = _row(user, session_key, lock=True)
    proposal = _proposal(row)
    proven = proposal.proven
    if proposal.other is not None:
        merging.merge(survivor=user, absorbed=proposal.other)
    identity, _made = Identity.objects.get_or_create(
        issuer=proven.provider.issuer,
        subject=proven.subject,
        defaults={"user": user, "provider": proven.provider.slug},
    )
    if identity.user_id != user.pk:
        raise Conflict("Somebody else has signed in with this identity meanwhile. Start again.")
    services.renew(identity, proven)
    row.delete()
    audit.record("identity.linked", actor=user, identity=identity)
    provisioning.recheck(user)
    return identity


def leave(user: User) -> None:
    """Forget a link that was not confirmed."""
    user.pending_links.all().delete()


def find(user: User, key: str) -> Identity:
    """Return an identity of the user; `NotFound` for anybody else's."""
    identity = user.identities.filter(pk=key).first()
    if identity is None:
        raise NotFound("You have no such identity.")
    return identity


@transaction.atomic
def unlink(user: User, key: str) -> None:
    """Take an identity from its person; browsers that signed in with it are signed out.

    Raises
    ------
    NotFound
        The user has no such identity.
    Conflict
        It is the last one.
    """
    identities = {str(one.pk): one for one in user.identities.select_for_update()}
    identity = identities.get(key) or find(user, key)
    if len(identities) == 1:
        raise Conflict("This is your only identity: without it you could not sign in any more.")
    web_sessions.end(identity.web_sessions.all())
    audit.record("identity.unlinked", actor=user, identity=identity)
    grants.give_back(identity)
    provisioning.give_up(identity)
    identity.delete()
    services.roles_renewed(user)
    provisioning.recheck(user)


def opened_by(identity: Identity) -> list[str]:
    """Return the backends where an account is this identity's alone."""
    rows = BackendAccount.objects.filter(identity=identity)
    return [row.service for row in rows if not provisioning.joins(row.service)]


def _row(user: User, session_key: str, *, lock: bool = False) -> PendingLink:
    rows = PendingLink.objects.select_for_update() if lock else PendingLink.objects
    mine = rows.filter(user=user, session_key=session_key, expires_at__gt=timezone.now())
    row = mine.first()
    if row is None:
        raise NotFound("No link waits for your word here. Start again on the page of identities.")
    return row


def _proposal(row: PendingLink) -> Proposal:
    provider = providers.get(row.provider)
    try:
        told: dict[str, Any] = json.loads(unseal(row.sealed, bound_to=f"link:{row.user_id}"))
    except Unreadable as exc:
        raise NotFound("This link can't be read any more. Start again.") from exc
    tokens = Tokens(
        access_token=told["access_token"],
        expires_at=datetime.fromisoformat(told["expires_at"]),
        refresh_token=told["refresh_token"],
        id_token=told["id_token"],
    )
    auth_time = datetime.fromisoformat(told["auth_time"])
    proven = Proven(provider, row.subject, told["claims"], tokens, auth_time, told["sid"])
    name, email = services.named(proven)
    return Proposal(proven, row.other, name, email)


def _packed(proven: Proven) -> str:
    tokens = proven.tokens
    told = {
        "claims": dict(proven.claims),
        "access_token": tokens.access_token,
        "expires_at": tokens.expires_at.isoformat(),
        "refresh_token": tokens.refresh_token,
        "id_token": tokens.id_token,
        "auth_time": proven.auth_time.isoformat(),
        "sid": proven.sid,
    }
    return json.dumps(told)
