"""Rows for tests, made the way the portal makes them."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from django.test import Client
from django.utils import timezone

from accounts import grants
from accounts.models import (
    Acceptance,
    AccountState,
    AudienceToken,
    BackendAccount,
    Identity,
    User,
    WebSession,
)
from accounts.token_endpoint import Tokens
from vre_portal.config import get_config

_numbers = count(1)


def make_user(name: str = "alice", *, accepted: bool = True, ready: bool = True) -> User:
    """Return a person who has signed in, with an account in each backend when `ready`."""
    number = next(_numbers)
    user = User.objects.create_user(f"{name}-t{number:04d}", display_name=name.title())
    user.roles = ["member"]
    user.save()
    if accepted:
        Acceptance.objects.create(user=user, version=get_config().terms_version)
    if ready:
        for service in ("rucio", "jupyterhub", "reana"):
            BackendAccount.objects.create(
                user=user, service=service, account=user.handle, state=AccountState.READY
            )
    return user


def make_identity(
    user: User,
    *,
    issuer: str,
    provider: str = "escape",
    subject: str = "subject-1",
    access_left: int = 3600,
    refresh_token: str = "refresh-0",
) -> Identity:
    """Return an identity whose grant has an access token with so many seconds left of an hour."""
    identity = Identity.objects.create(
        user=user, provider=provider, issuer=issuer, subject=subject, last_sign_in=timezone.now()
    )
    now = timezone.now()
    grant = grants.store_grant(
        identity,
        Tokens(
            access_token="access-0",
            expires_at=now + timedelta(seconds=access_left),
            refresh_token=refresh_token,
            id_token="",
        ),
    )
    grant.refreshed_at = now + timedelta(seconds=access_left) - timedelta(hours=1)
    grant.save()
    return identity


def lend(identity: Identity, audience: str, token: str) -> AudienceToken:
    """Keep a good token for a backend in the identity's vault."""
    tokens = Tokens(token, timezone.now() + timedelta(minutes=10))
    return grants.store_audience_token(identity.grant, audience, tokens)


def sign_in(
    client: Client, user: User, *, ago: timedelta = timedelta(), acr: str = ""
) -> WebSession:
    """Sign a browser in through the user's identity, as so long ago and as strongly as that."""
    client.force_login(user)
    identity = user.identities.first() or Identity.objects.create(
        user=user, provider="escape", issuer="https://escape.test/", subject=str(user.pk),
        last_sign_in=timezone.now() - timedelta(days=1),
    )  # fmt: skip
    return WebSession.objects.create(
        session_key=client.session.session_key or "",
        user=user,
        identity=identity,
        auth_time=timezone.now() - ago,
        acr=acr,
    )
