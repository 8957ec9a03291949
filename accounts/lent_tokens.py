"""Short tokens of the portal's own API, lent to a session of their owner."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from accounts.models import User

SECONDS = 600


@dataclass(frozen=True, slots=True)
class Lent:
    """A token and its end; it ends earlier with its owner's last sign-in."""

    secret: str = field(repr=False)
    expires_at: datetime


def lend(user: User, scopes: Collection[str]) -> Lent:
    """Return a fresh token that opens these scopes for ten minutes."""
    ends = timezone.now() + timedelta(seconds=SECONDS)
    secret = secrets.token_urlsafe(32)
    get_access_token_model().objects.create(
        user=user, token=secret, expires=ends, scope=" ".join(scopes)
    )
    return Lent(secret, ends)
