"""The token vault: a valid credential for one user and one audience, refreshed and exchanged."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from accounts import audit, gate, grants, id_tokens, providers, services, suspension, token_endpoint
from accounts.id_tokens import SignInRefused
from accounts.locks import alone
from accounts.models import AudienceToken, BackendAccount, Identity, TokenGrant, User
from accounts.providers import Provider
from accounts.sealing import Unreadable
from accounts.token_endpoint import Tokens
from vre_portal.errors import CredentialExpired, PortalError, UpstreamUnavailable

log = logging.getLogger(__name__)
#: A token is used until about this part of its life is left; each grant a little earlier or later,
#: so that people who signed in together don't refresh together.
REST_OF_LIFE = 0.2
JITTER = 0.05
#: How long nobody tries again after a refresh whose outcome is unknown: the provider may have
#: taken the token, and using it twice ends the whole family at most of them.
UNKNOWN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Credential:
    """Who acts, where, and with which token; the token never shows in a representation."""

    user_id: uuid.UUID
    account: str
    audience: str
    token: str = field(repr=False)
    expires_at: datetime


def credential_for(user: User, audience: str) -> Credential:
    """Return a valid credential, refreshed or exchanged when a fifth of its life is left.

    Raises
    ------
    CredentialExpired
        No token is left that could be refreshed: the user has to sign in again.
    Suspended
        The user may not act at all.
    UpstreamUnavailable, UpstreamTimeout
        The provider does not answer.
    """
    identity = _identity_for(user)
    try:
        found = _young(identity, audience) or _exchanged(identity, audience)
        token = grants.audience_token_of(found)
    except Unreadable as exc:
        raise _sign_in_again(identity) from exc
    return Credential(user.pk, _account(user, audience), audience, token, found.expires_at)


def _identity_for(user: User) -> Identity:
    """Return the identity that signed in last and still has tokens."""
    mine = Identity.objects.filter(user=user, user__is_active=True).order_by("-last_sign_in")
    identity = mine.filter(grant__isnull=False, lapsed_at=None).first() or mine.first()
    if identity is not None:
        return identity
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        raise gate.Suspended
    raise CredentialExpired("You have no sign-in left. Sign in again.", provider="")


def _account(user: User, service: str) -> str:
    accounts = BackendAccount.objects.filter(user=user, service=service).exclude(account="")
    return accounts.values_list("account", flat=True).first() or user.handle


def _young(identity: Identity, audience: str) -> AudienceToken | None:
    rows = AudienceToken.objects.select_related("grant").filter(grant__identity=identity)
    found = rows.filter(audience=audience).first()
    if found is None or grants.is_old(found.issued_at, found.expires_at, rest=_rest_of(identity)):
        return None
    return found


def _exchanged(identity: Identity, audience: str) -> AudienceToken:
    """Exchange the access token, refreshed first when it is old; one at a time a person."""
    provider = providers.get(identity.provider)
    refreshed: Tokens | None = None
    try:
        with alone(f"grant:{identity.pk}"):
            found = _young(identity, audience)
            if found is not None:
                return found
            grant = TokenGrant.objects.filter(identity=identity).first()
            if grant is None:
                raise _sign_in_again(identity)
            refreshed = _refreshed(provider, grant)
            subject_token = grants.access_token_of(grant)
            tokens = token_endpoint.exchange(provider, subject_token, audience=audience)
            return grants.store_audience_token(grant, audience, tokens)
    finally:
        # Outside the lock: nobody has to wait for what the provider says of groups.
        if refreshed is not None:
            _renew_claims(provider, identity, refreshed)


def _refreshed(provider: Provider, grant: TokenGrant) -> Tokens | None:
    """Refresh the grant if its access token is old; return what the provider gave then."""
    identity = grant.identity
    if not grants.is_old(grant.refreshed_at, grant.access_expires_at, rest=_rest_of(identity)):
        return None
    tried, now = grant.refresh_tried_at, timezone.now()
    if tried is not None and now - tried < UNKNOWN:
        if grant.access_expires_at > now:
            return None
        raise UpstreamUnavailable(
            f"{provider.name} did not answer. Try again in half a minute.", service=provider.slug
        )
    refresh_token = grants.refresh_token_of(grant)
    if not refresh_token:
        if grant.access_expires_at > now:
            return None
        raise _sign_in_again(identity)
    _note_try(grant, now)
    try:
        tokens = token_endpoint.refresh(provider, refresh_token)
        if tokens.id_token:
            id_tokens.check_refreshed(provider, tokens.id_token, subject=identity.subject)
    except (CredentialExpired, SignInRefused) as exc:
        _end(identity, grant, exc)
        raise _sign_in_again(identity) from exc
    _keep(grant, tokens)
    return tokens


# Durable: a try, and a rotated refresh token, must be on disk before anything else can fail.
@transaction.atomic(durable=True)
def _note_try(grant: TokenGrant, now: datetime) -> None:
    grant.refresh_tried_at = now
    grant.save(update_fields=["refresh_tried_at"])


@transaction.atomic(durable=True)
def _keep(grant: TokenGrant, tokens: Tokens) -> None:
    grants.renew_grant(grant, tokens)


def _end(identity: Identity, grant: TokenGrant, error: PortalError) -> None:
    """Drop a grant that the provider no longer takes, and what it opened."""
    reason = getattr(error, "reason", "invalid_grant")
    grant.delete()
    audit.record("refresh.refused", identity=identity, detail={"reason": reason})
    suspension.lapse(identity, why=f"the provider refused to refresh ({reason})")


def _renew_claims(provider: Provider, identity: Identity, tokens: Tokens) -> None:
    """Take over the groups of now; a provider that doesn't answer leaves those of before."""
    try:
        answer = token_endpoint.userinfo(provider, tokens.access_token)
        if answer is not None:
            known = id_tokens.known_claims(provider, {"sub": identity.subject}, answer)
            services.claims_renewed(Identity.objects.get(pk=identity.pk), known)
    except PortalError as exc:
        log.warning("groups of %s not renewed: %s", identity.user_id, exc.message)


def _rest_of(identity: Identity) -> float:
    share = sha256(str(identity.pk).encode()).digest()[0] / 255
    return REST_OF_LIFE + JITTER * (share - 0.5)


def _sign_in_again(identity: Identity) -> CredentialExpired:
    name = providers.name_of(identity.provider)
    return CredentialExpired(
        f"Your sign-in at {name} has ended. Sign in again to go on.", provider=identity.provider
    )
