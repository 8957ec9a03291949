"""The token vault: a valid credential for one user and one audience, refreshed and exchanged."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import OuterRef
from django.utils import timezone

from accounts import (
    audit,
    gate,
    grants,
    id_tokens,
    providers,
    provisioning,
    services,
    stored_tokens,
    suspension,
    token_endpoint,
)
from accounts.grants import GivenBack
from accounts.id_tokens import SignInRefused
from accounts.locks import alone
from accounts.models import AudienceToken, BackendAccount, Identity, TokenGrant, User
from accounts.providers import Provider
from accounts.sealing import Unreadable
from accounts.token_endpoint import Tokens
from vre_portal.errors import CredentialExpired, PortalError, UpstreamUnavailable
from vre_portal.health import NAMES

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


@dataclass(frozen=True, slots=True)
class _Renewed:
    """What a refresh gave, and the claims of its id_token: None where it sent none."""

    tokens: Tokens
    claims: Mapping[str, Any] | None


def credential_for(user: User, audience: str, *, ending: bool = False) -> Credential:
    """Return a valid credential, refreshed or exchanged when a fifth of its life is left.

    For a service where people paste their token it is that one.

    With `ending` something of theirs is taken away with it: that is done for whoever is leaving,
    lost the membership or did not accept the terms too.

    Raises
    ------
    CredentialExpired
        No token is left that could be refreshed: the user has to sign in again.
    TokenWanted
        The user has pasted no token for this service yet.
    MayNotAct
        The user is suspended, or may not act for now.
    UpstreamUnavailable, UpstreamTimeout
        The provider does not answer.
    """
    accepted = gate.accepted_by(OuterRef("user"))
    rows = Identity.objects.filter(user=user).select_related("user", "grant")
    mine = list(rows.annotate(accepted=accepted).order_by("-last_sign_in"))
    # Read anew: work under way holds a row that may be old.
    now = mine[0].user if mine else User.objects.filter(pk=user.pk).first()
    known = bool(mine) and mine[0].accepted
    refusal = gate.refusal(now, accepted=known) if now is not None else gate.Suspended()
    if isinstance(refusal, gate.Suspended):
        raise refusal
    row = BackendAccount.objects.filter(user=user, service=audience).first()
    if stored_tokens.is_used_for(audience):
        if refusal is not None and not ending:
            raise refusal
        return _stored(user, audience, (row.account if row else "") or user.handle)
    identity = _opener(mine, audience, row.identity_id if row else None)
    if refusal is not None and not ending:
        raise refusal
    try:
        found = _lent(identity, audience)
        token = grants.audience_token_of(found)
    except (Unreadable, GivenBack) as exc:
        raise _sign_in_again(identity) from exc
    if row is not None and row.identity_id is None:
        # From now on it is this one: a backend takes another identity for another person.
        BackendAccount.objects.filter(pk=row.pk, identity=None).update(identity=identity)
    account = (row.account if row else "") or user.handle
    return Credential(user.pk, account, audience, token, found.expires_at)


def _stored(user: User, audience: str, account: str) -> Credential:
    token = stored_tokens.secret_for(user, audience)
    return Credential(user.pk, account, audience, token, timezone.now() + stored_tokens.LENT)


def _opener(mine: Sequence[Identity], audience: str, known: uuid.UUID | None) -> Identity:
    """Return the identity that opens a person's account: the known one, else the one used last."""
    usable = [each for each in mine if each.lapsed_at is None and hasattr(each, "grant")]
    owner = next((each for each in mine if each.pk == known), None)
    if owner is not None and owner in usable:
        return owner
    if owner is not None and not provisioning.joins(audience):
        raise _belongs_to(owner, audience) if usable else _sign_in_again(owner)
    if usable:
        return usable[0]
    if mine:
        raise _sign_in_again(mine[0])
    raise CredentialExpired("You have no sign-in left. Sign in again.", provider="")


def _lent(identity: Identity, audience: str) -> AudienceToken:
    try:
        return _young(identity, audience) or _exchanged(identity, audience)
    except GivenBack:  # if it was by a new sign-in, there is another grant now
        return _exchanged(identity, audience)


def _young(identity: Identity, audience: str) -> AudienceToken | None:
    rows = AudienceToken.objects.select_related("grant").filter(grant__identity=identity)
    found = rows.filter(audience=audience).first()
    if found is None or grants.is_old(found.issued_at, found.expires_at, rest=_rest_of(identity)):
        return None
    return found


def _exchanged(identity: Identity, audience: str) -> AudienceToken:
    """Exchange the access token, refreshed first when it is old; one at a time a person."""
    provider = providers.get(identity.provider)
    renewed: _Renewed | None = None
    try:
        with alone(f"grant:{identity.pk}"):
            found = _young(identity, audience)
            if found is not None:
                return found
            grant = TokenGrant.objects.filter(identity=identity).first()
            if grant is None:
                raise _sign_in_again(identity)
            kept = grants.id_token_of(grant)
            renewed = _refreshed(provider, grant)
            subject_token = grants.access_token_of(grant)
            tokens = token_endpoint.exchange(provider, subject_token, audience=audience)
            return grants.store_audience_token(grant, audience, tokens)
    finally:
        # Outside the lock: nobody has to wait for what the provider says of groups.
        if renewed is not None:
            _renew_claims(provider, identity, renewed, kept)


def _refreshed(provider: Provider, grant: TokenGrant) -> _Renewed | None:
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
    _note_try(grant)
    try:
        tokens, claims = token_endpoint.refresh(provider, refresh_token), None
        if tokens.id_token:
            subject = identity.subject
            claims = id_tokens.check_refreshed(provider, tokens.id_token, subject=subject)
    except (CredentialExpired, SignInRefused) as exc:
        _end(identity, grant, exc)
        raise _sign_in_again(identity) from exc
    try:
        _keep(grant, tokens)
    except GivenBack:
        _revoke(provider, tokens)
        raise
    return _Renewed(tokens, claims)


# Durable: a try, and a rotated refresh token, must be on disk before anything else can fail.
@transaction.atomic(durable=True)
def _note_try(grant: TokenGrant) -> None:
    grants.note_try(grant)


@transaction.atomic(durable=True)
def _keep(grant: TokenGrant, tokens: Tokens) -> None:
    grants.renew_grant(grant, tokens)


def _revoke(provider: Provider, tokens: Tokens) -> None:
    """Give back what came too late: its owner has signed out, or in anew, meanwhile."""
    try:
        if tokens.refresh_token:
            token_endpoint.revoke(provider, tokens.refresh_token)
    except PortalError as exc:
        log.warning("refresh token not revoked at %s: %s", provider.slug, exc)


def _end(identity: Identity, grant: TokenGrant, error: PortalError) -> None:
    """Drop a grant that the provider no longer takes, and what it opened."""
    reason = getattr(error, "reason", "invalid_grant")
    grant.delete()
    audit.record("refresh.refused", identity=identity, detail={"reason": reason})
    suspension.lapse(identity, why=f"the provider refused to refresh ({reason})")


def _renew_claims(provider: Provider, identity: Identity, renewed: _Renewed, kept: str) -> None:
    """Take over the groups of now; a provider that doesn't answer leaves those of before.

    What stood in the last id_token holds while no new one came: userinfo need not repeat it.
    """
    try:
        answer = token_endpoint.userinfo(provider, renewed.tokens.access_token)
        if answer is None and renewed.claims is None:
            return
        told = renewed.claims or {**id_tokens.kept_claims(kept), "sub": identity.subject}
        known = id_tokens.known_claims(provider, told, answer)
        services.claims_renewed(Identity.objects.get(pk=identity.pk), known)
    except PortalError as exc:
        log.warning("groups of %s not renewed: %s", identity.user_id, exc.message)


def _rest_of(identity: Identity) -> float:
    share = sha256(str(identity.pk).encode()).digest()[0] / 255
    return REST_OF_LIFE + JITTER * (share - 0.5)


def _belongs_to(owner: Identity, audience: str) -> CredentialExpired:
    service, name = NAMES.get(audience, audience), providers.name_of(owner.provider)
    return CredentialExpired(
        f"Your {service} account belongs to your identity at {name}. Sign in there.",
        provider=owner.provider,
        service=audience,
    )


def _sign_in_again(identity: Identity) -> CredentialExpired:
    name = providers.name_of(identity.provider)
    return CredentialExpired(
        f"Your sign-in at {name} has ended. Sign in again to go on.", provider=identity.provider
    )
