"""Rows for tests, made the way the portal makes them."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from django.utils import timezone

from accounts import credentials
from accounts.models import Acceptance, AccountState, BackendAccount, Identity, User
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
    grant = credentials.store_grant(
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
