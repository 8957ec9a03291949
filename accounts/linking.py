"""A second identity for one person: proven in a browser, then confirmed by its owner."""

from __future__ import annotations

import json
from datetime import timedelta

from django.utils import timezone

from accounts import credentials
from accounts.id_tokens import Proven
from accounts.models import Identity, PendingLink, User
from vre_portal.errors import Conflict

MINUTES_TO_CONFIRM = 10


def propose(user: User, session_key: str, proven: Proven) -> PendingLink:
    """Keep what a sign-in has proven until its owner confirms the link.

    Raises
    ------
    Conflict
        The identity belongs to this person already.
    """
    key = {"issuer": proven.provider.issuer, "subject": proven.subject}
    owner = Identity.objects.select_related("user").filter(**key).first()
    if owner is not None and owner.user_id == user.pk:
        raise Conflict("This identity is yours already.")
    user.pending_links.all().delete()
    tokens = proven.tokens
    sealed = {
        "claims": dict(proven.claims),
        "access_token": tokens.access_token,
        "expires_at": tokens.expires_at.isoformat(),
        "refresh_token": tokens.refresh_token,
        "id_token": tokens.id_token,
        "auth_time": proven.auth_time.isoformat(),
        "sid": proven.sid,
    }
    return PendingLink.objects.create(
        session_key=session_key,
        user=user,
        other=owner.user if owner else None,
        provider=proven.provider.slug,
        subject=proven.subject,
        sealed=credentials.seal(json.dumps(sealed)),
        expires_at=timezone.now() + timedelta(minutes=MINUTES_TO_CONFIRM),
    )
