"""The token vault: a valid credential for one user and one audience, refreshed and exchanged."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.db import transaction
from django.utils import timezone

from accounts import providers, token_endpoint
from accounts.models import AudienceToken, BackendAccount, Identity, TokenGrant, User
from vre_portal.config import get_config
from vre_portal.errors import CredentialExpired

#: A token is used until less than this part of its life is left.
REST_OF_LIFE = 0.2


@dataclass(frozen=True, slots=True)
class Credential:
    """Who acts, where, and with which token; the token never shows in a representation."""

    user_id: uuid.UUID
    account: str
    audience: str
    token: str = field(repr=False)
    expires_at: datetime


def vault() -> MultiFernet:
    """Return the cipher of the vault: encrypts with the newest key, reads with each."""
    keys = get_config().vault_keys
    return MultiFernet([Fernet(key.get_secret_value()) for key in keys])


def seal(secret: str) -> bytes:
    """Return a secret as it may be stored."""
    return vault().encrypt(secret.encode())


def unseal(stored: bytes | memoryview) -> str:
    """Return a stored secret in clear."""
    return vault().decrypt(bytes(stored)).decode()


def store_grant(identity: Identity, tokens: token_endpoint.Tokens) -> TokenGrant:
    """Keep what a provider gave at a sign-in; older audience tokens of the identity are dropped."""
    grant, _made = TokenGrant.objects.update_or_create(
        identity=identity,
        defaults={
            "access_token": seal(tokens.access_token),
            "access_expires_at": tokens.expires_at,
            "refresh_token": seal(tokens.refresh_token) if tokens.refresh_token else b"",
            "id_token": seal(tokens.id_token) if tokens.id_token else b"",
            "refreshed_at": timezone.now(),
        },
    )
    grant.audiences.all().delete()
    return grant


def credential_for(user: User, audience: str) -> Credential:
    """Return a valid credential, refreshed or exchanged when a fifth of its life is left.

    Raises
    ------
    CredentialExpired
        No token is left that could be refreshed: the user has to sign in again.
    UpstreamUnavailable, UpstreamTimeout
        The provider does not answer.
    """
    identity = _identity_for(user)
    now = timezone.now()
    found = AudienceToken.objects.filter(grant__identity=identity, audience=audience).first()
    if found is None or _is_old(found.issued_at, found.expires_at, now):
        found = _exchange(identity, audience)
    try:
        token = unseal(found.token)
    except InvalidToken as exc:
        raise _sign_in_again(identity) from exc
    return Credential(user.pk, _account(user, audience), audience, token, found.expires_at)


def _identity_for(user: User) -> Identity:
    identity = (
        user.identities.filter(grant__isnull=False).order_by("-last_sign_in").first()
        or user.identities.first()
    )
    if identity is None:
        raise CredentialExpired("You have no sign-in left. Sign in again.", provider="")
    return identity


def _account(user: User, service: str) -> str:
    accounts = BackendAccount.objects.filter(user=user, service=service).exclude(account="")
    return accounts.values_list("account", flat=True).first() or user.handle


def _is_old(issued_at: datetime, expires_at: datetime, now: datetime) -> bool:
    life = max(expires_at - issued_at, timedelta(seconds=1))
    return expires_at - now < life * REST_OF_LIFE


def _exchange(identity: Identity, audience: str) -> AudienceToken:
    grant, subject_token = _fresh_access_token(identity)
    tokens = token_endpoint.exchange(
        providers.get(identity.provider), subject_token, audience=audience
    )
    found, _made = AudienceToken.objects.update_or_create(
        grant=grant,
        audience=audience,
        defaults={
            "token": seal(tokens.access_token),
            "issued_at": timezone.now(),
            "expires_at": tokens.expires_at,
        },
    )
    return found


# Durable: a rotated refresh token must be on disk before anything else can fail, because using
# the old one again ends the whole family at most providers.
@transaction.atomic(durable=True)
def _fresh_access_token(identity: Identity) -> tuple[TokenGrant, str]:
    grant = TokenGrant.objects.select_for_update().filter(identity=identity).first()
    if grant is None:
        raise _sign_in_again(identity)
    now = timezone.now()
    try:
        if not _is_old(grant.refreshed_at, grant.access_expires_at, now):
            return grant, unseal(grant.access_token)
        if not grant.refresh_token:
            raise _sign_in_again(identity)
        tokens = token_endpoint.refresh(
            providers.get(identity.provider), unseal(grant.refresh_token)
        )
    except InvalidToken as exc:
        raise _sign_in_again(identity) from exc
    grant.access_token = seal(tokens.access_token)
    grant.access_expires_at = tokens.expires_at
    grant.refreshed_at = now
    if tokens.refresh_token:
        grant.refresh_token = seal(tokens.refresh_token)
    grant.save()
    return grant, tokens.access_token


def _sign_in_again(identity: Identity) -> CredentialExpired:
    name = providers.name_of(identity.provider)
    return CredentialExpired(
        f"Your sign-in at {name} has ended. Sign in again to go on.", provider=identity.provider
    )
