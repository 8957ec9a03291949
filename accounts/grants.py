"""What providers gave at sign-ins, sealed: kept, read, and given back."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import providers, token_endpoint
from accounts.models import AudienceToken, Identity, TokenGrant
from accounts.sealing import Unreadable, seal, unseal
from accounts.token_endpoint import Tokens
from vre_portal.errors import PortalError

log = logging.getLogger(__name__)


class GivenBack(Exception):
    """The grant went, or was replaced by a new sign-in, while something was asked with it."""


def store_grant(identity: Identity, tokens: Tokens) -> TokenGrant:
    """Keep what a sign-in gave; older audience tokens of the identity are dropped."""
    place = f"grant:{identity.pk}"
    grant, _made = TokenGrant.objects.update_or_create(
        identity=identity,
        defaults={
            "access_token": seal(tokens.access_token, bound_to=f"{place}:access"),
            "access_expires_at": tokens.expires_at,
            "refresh_token": _sealed(tokens.refresh_token, f"{place}:refresh"),
            "id_token": _sealed(tokens.id_token, f"{place}:id"),
            "refreshed_at": timezone.now(),
            "refresh_tried_at": None,
        },
    )
    grant.audiences.all().delete()
    return grant


def note_try(grant: TokenGrant) -> None:
    """Note that the refresh token is about to be used; `GivenBack` where the grant is gone."""
    grant.refresh_tried_at = timezone.now()
    _write(TokenGrant.objects.filter(pk=grant.pk), refresh_tried_at=grant.refresh_tried_at)


def renew_grant(grant: TokenGrant, tokens: Tokens) -> None:
    """Take over what a refresh gave; a provider that doesn't rotate sends no new refresh token.

    Raises
    ------
    GivenBack
        The grant is gone, or another since the try was noted.
    """
    place = f"grant:{grant.identity_id}"
    renewed = {
        "access_token": seal(tokens.access_token, bound_to=f"{place}:access"),
        "access_expires_at": tokens.expires_at,
        "refreshed_at": timezone.now(),
    }
    if tokens.refresh_token:
        renewed["refresh_token"] = seal(tokens.refresh_token, bound_to=f"{place}:refresh")
    if tokens.id_token:
        renewed["id_token"] = seal(tokens.id_token, bound_to=f"{place}:id")
    # Nothing else is written: the vault's keys may be rotated meanwhile.
    tried = TokenGrant.objects.filter(pk=grant.pk, refresh_tried_at=grant.refresh_tried_at)
    _write(tried, **renewed, refresh_tried_at=None)
    grant.refresh_from_db()


def _write(rows: QuerySet[TokenGrant], **fields: object) -> None:
    if not rows.update(**fields):
        raise GivenBack


@transaction.atomic
def store_audience_token(grant: TokenGrant, audience: str, tokens: Tokens) -> AudienceToken:
    """Keep an exchanged token until it is old; `GivenBack` where its grant is gone."""
    if not TokenGrant.objects.select_for_update(no_key=True).filter(pk=grant.pk).exists():
        raise GivenBack
    place = f"grant:{grant.identity_id}:for:{audience}"
    found, _made = AudienceToken.objects.update_or_create(
        grant=grant,
        audience=audience,
        defaults={
            "token": seal(tokens.access_token, bound_to=place),
            "issued_at": timezone.now(),
            "expires_at": tokens.expires_at,
        },
    )
    return found


def access_token_of(grant: TokenGrant) -> str:
    """Return the access token in clear; `Unreadable` where its key is gone."""
    return unseal(grant.access_token, bound_to=f"grant:{grant.identity_id}:access")


def refresh_token_of(grant: TokenGrant) -> str:
    """Return the refresh token in clear; empty where the provider gave none."""
    place = f"grant:{grant.identity_id}:refresh"
    return unseal(grant.refresh_token, bound_to=place) if grant.refresh_token else ""


def id_token_of(grant: TokenGrant) -> str:
    """Return the last id_token in clear; empty where there is none to be read."""
    try:
        place = f"grant:{grant.identity_id}:id"
        return unseal(grant.id_token, bound_to=place) if grant.id_token else ""
    except Unreadable:
        return ""


def audience_token_of(found: AudienceToken) -> str:
    """Return an exchanged token in clear; `Unreadable` where its key is gone."""
    place = f"grant:{found.grant.identity_id}:for:{found.audience}"
    return unseal(found.token, bound_to=place)


def is_old(issued_at: datetime, expires_at: datetime, *, rest: float) -> bool:
    """Whether less than this part of a life is left."""
    life = max((expires_at - issued_at).total_seconds(), 1.0)
    return (expires_at - timezone.now()).total_seconds() < life * rest


def give_back(identity: Identity) -> None:
    """Forget an identity's tokens; once that is committed, revoke them at the provider (RFC 7009).

    Nothing waits for the provider: neither locked rows, nor what else ends with the tokens.
    """
    grant = TokenGrant.objects.filter(identity=identity).first()
    if grant is None:
        return
    try:
        token = refresh_token_of(grant)
    except Unreadable as exc:
        log.warning("refresh token not revoked at %s: %s", identity.provider, exc)
        token = ""
    grant.delete()
    if token:
        transaction.on_commit(partial(_revoke, identity.provider, token), robust=True)


def _revoke(slug: str, token: str) -> None:
    try:
        token_endpoint.revoke(providers.get(slug), token)
    except PortalError as exc:
        log.warning("refresh token not revoked at %s: %s", slug, exc)


def _sealed(secret: str, place: str) -> bytes:
    return seal(secret, bound_to=place) if secret else b""
