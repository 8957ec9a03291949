"""Back-channel logout: a provider says that a sign-in has ended there, so it ends here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit, id_tokens, web_sessions
from accounts.id_tokens import SignInRefused
from accounts.models import HeardLogout, Identity, WebSession
from accounts.providers import Provider

EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: A logout token must say what it is, so that no other token of the provider passes for one.
TYPES: set[str | None] = {"logout+jwt", "application/logout+jwt"}
#: Beyond this age a token is refused, so that its `jti` need not be kept for longer.
LONGEST_LIFE = timedelta(minutes=10)


def obey(provider: Provider, logout_token: str) -> int:
    """End the sign-ins that a logout token names; return how many browsers that were.

    Raises
    ------
    SignInRefused
        The token is not one of this provider for this portal, or was heard before
        (OpenID Connect Back-Channel Logout 1.0, section 2.6).
    """
    try:
        claims = id_tokens.verified(provider, logout_token, types=TYPES)
        _check(claims)
        with transaction.atomic():
            _hear(provider, claims)
            named = _named(provider, claims)
            identity = _whose(provider, claims, named)
            ended = web_sessions.end(named)
    except SignInRefused as exc:
        audit.refused(
            "sign-out.back-channel",
            key=f"{provider.slug} {exc.reason}",
            issuer=provider.issuer,
            about=("provider", provider.slug),
            detail={"reason": exc.reason},
        )
        raise
    subject = str(claims.get("sub") or "")
    audit.record(
        "sign-out.back-channel",
        actor=identity.user if identity else None,
        identity=identity,
        issuer=provider.issuer,
        subject=subject,
        about=("provider", provider.slug),
        detail={"browsers": ended},
    )
    return ended


def _whose(
    provider: Provider, claims: Mapping[str, Any], named: Sequence[WebSession]
) -> Identity | None:
    if named:
        return named[0].identity
    key = {"issuer": provider.issuer, "subject": claims.get("sub")}
    return Identity.objects.select_related("user").filter(**key).first()


def _check(claims: Mapping[str, Any]) -> None:
    events, subject, sid = claims.get("events"), claims.get("sub"), claims.get("sid")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise SignInRefused("event", "This token does not speak of a logout.")
    if "nonce" in claims:
        raise SignInRefused("nonce", "A logout token has no nonce.")
    if not all(value is None or _is_name(value) for value in (subject, sid)):
        raise SignInRefused("subject", "sub and sid are texts.")
    if subject is None and sid is None:
        raise SignInRefused("subject", "The token names neither a person nor a sign-in.")
    if time.time() - claims["iat"] > LONGEST_LIFE.total_seconds():
        raise SignInRefused("expired", "The token is too old.")


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= 400 and value.isprintable()


def _hear(provider: Provider, claims: Mapping[str, Any]) -> None:
    jti = claims.get("jti")
    if not _is_name(jti):
        raise SignInRefused("jti", "The token has no identifier.")
    issued = datetime.fromtimestamp(claims["iat"], UTC)
    try:
        with transaction.atomic():
            HeardLogout.objects.create(
                issuer=provider.issuer, jti=jti, expires_at=issued + 2 * LONGEST_LIFE
            )
    except IntegrityError as exc:
        raise SignInRefused("replay", "This token was heard before.") from exc


def _named(provider: Provider, claims: Mapping[str, Any]) -> list[WebSession]:
    rows = WebSession.objects.select_related("identity__user")
    rows = rows.filter(identity__issuer=provider.issuer)
    if claims.get("sub") is not None:
        rows = rows.filter(identity__subject=claims["sub"])
    if claims.get("sid") is not None:
        rows = rows.filter(sid=claims["sid"])
    return list(rows)


def forget_old() -> None:
    """Remove what can't be replayed any more."""
    HeardLogout.objects.filter(expires_at__lt=timezone.now()).delete()
