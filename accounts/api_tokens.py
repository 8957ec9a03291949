"""Personal API tokens: made once, shown once, stored as a hash, ended at any time."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from zlib import crc32

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import ApiToken, Role, TokenScope, User
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest, NotFound, SignInRequired
from vre_portal.logs import client_address

PREFIX = "vre_"
MOST_LIVE = 50
SEEN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; `secret` is told this once and kept nowhere."""

    row: ApiToken
    secret: str = field(repr=False)


def new_secret() -> str:
    """Return 256 random bits with a prefix and a checksum, for scanners of leaked secrets."""
    body = secrets.token_urlsafe(32)
    return f"{PREFIX}{body}{crc32(body.encode()):08x}"


@transaction.atomic
def make(user: User, *, name: str, scopes: Collection[str], days: int) -> NewToken:
    """Make a token.

    Raises
    ------
    InvalidRequest
        Name, scopes or days are not as they may be.
    Conflict
        A live token has this name, or there are too many.
    """
    name = name.strip()
    _check(user, name, set(scopes), days)
    mine = live(user)
    if any(token.name == name for token in mine):
        raise Conflict(f"You have a token called {name} already. Choose another name.")
    if len(mine) >= MOST_LIVE:
        raise Conflict(f"You have {MOST_LIVE} tokens. Revoke one that you don't need.")
    secret = new_secret()
    row = ApiToken.objects.create(
        user=user,
        name=name,
        scopes=sorted(set(scopes)),
        hint=secret[: len(PREFIX) + 4],
        digest=_digest(secret),
        expires_at=timezone.now() + timedelta(days=days),
    )
    detail = {"name": name, "scopes": row.scopes, "days": days}
    audit.record("token.made", actor=user, about=("token", str(row.pk)), detail=detail)
    return NewToken(row, secret)


def _check(user: User, name: str, scopes: set[str], days: int) -> None:
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise InvalidRequest("name: a text of at most 100 characters.", field="name")
    if not scopes or not scopes <= set(TokenScope.values):
        known = ", ".join(TokenScope.values)
        raise InvalidRequest(f"scopes: one or more of {known}.", field="scopes")
    if TokenScope.ADMIN.value in scopes and Role.OPERATOR.value not in user.roles:
        raise InvalidRequest("scopes: admin is for operators.", field="scopes")
    most = get_config().token_max_days
    if not 1 <= days <= most:
        raise InvalidRequest(f"days: between 1 and {most}.", field="days")


def live(user: User) -> list[ApiToken]:
    """Return the tokens that open something now, newest first."""
    rows = user.api_tokens.filter(revoked_at=None, expires_at__gt=timezone.now())
    return list(rows.order_by("-created_at"))


def ended(user: User) -> list[ApiToken]:
    """Return the tokens that open nothing any more, the last ones first."""
    rows = user.api_tokens.exclude(revoked_at=None, expires_at__gt=timezone.now())
    return list(rows.order_by("-created_at")[:100])


def revoke(user: User, key: str) -> ApiToken:
    """End a token; ending it again changes nothing.

    Raises
    ------
    NotFound
        The user has no such token.
    """
    row = user.api_tokens.filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such token.")
    if row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        audit.record("token.revoked", actor=user, about=("token", str(row.pk)))
    return row


def revoke_all(user: User) -> None:
    """End every token of a user."""
    for row in live(user):
        revoke(user, str(row.pk))


def authenticate(secret: str) -> ApiToken:
    """Return the live token that this is; its owner may still be refused by the gate.

    Raises
    ------
    SignInRequired
        It is unknown, ended, or its owner's identities have all lapsed.
    """
    rows = ApiToken.objects.select_related("user").filter(digest=_digest(secret))
    token = rows.filter(user__is_active=True).first()
    if token is None or token.revoked_at is not None or token.expires_at <= timezone.now():
        raise SignInRequired("This token is not valid. Make a new one in the portal.")
    if not token.user.identities.filter(lapsed_at=None).exists():
        raise SignInRequired("Your provider no longer vouches for you. Sign in to the portal once.")
    _note_use(token)
    return token


def _note_use(token: ApiToken) -> None:
    if cache.add(f"token-used:{token.pk}", 1, timeout=SEEN_SECONDS):
        ApiToken.objects.filter(pk=token.pk).update(
            last_used_at=timezone.now(), last_used_from=client_address.get() or None
        )


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
