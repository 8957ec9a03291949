"""The device flow (RFC 8628): a command line signs in by a code that its owner types elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import get_application_model, get_device_grant_model
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from accounts import audit
from accounts.models import User
from accounts.satellites import SatelliteScopes
from vre_portal.errors import Conflict, NotFound

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL = timedelta(seconds=5)
#: Polling a little early is the clock's fault, not the client's.
LENIENCE = timedelta(seconds=1)
KEPT_SECONDS = 3600
#: What a command line hears that only has to wait, or whose owner was too late or said no.
NO_REFUSAL = frozenset({"authorization_pending", "slow_down", "expired_token", "access_denied"})


def normal(code: str) -> str:
    """Return a user code as it is kept: people type small letters, spaces and hyphens."""
    return "".join(char for char in code.upper() if char.isalnum())[:20]


def problem_of(client_id: str, scopes: list[str]) -> str:
    """Return the error for a client that may not begin, or not with these scopes."""
    application = get_application_model()
    client = application.objects.filter(client_id=client_id).first()
    if client is None or client.authorization_grant_type != application.GRANT_DEVICE_CODE:
        return "unauthorized_client" if client else "invalid_client"
    allowed = SatelliteScopes().get_available_scopes(client)
    return "" if set(scopes) <= set(allowed) else "invalid_scope"


def progress(device_code: str, client_id: str) -> tuple[str, Any]:
    """Return the answer to a poll (RFC 8628, 3.5), and the grant once its owner allowed it.

    The answer is oauthlib's word, empty for an unknown code. An allowed code is used up.
    """
    with transaction.atomic():
        rows = get_device_grant_model().objects.select_for_update()
        grant = rows.filter(device_code=device_code, client_id=client_id).first()
        if grant is None:
            return "", None
        now, last = timezone.now(), grant.last_checked
        grant.last_checked = now
        grant.save(update_fields=["last_checked"])
        if grant.expires <= now:
            return DeviceCodeGrant.DEVICE_CODE_EXPIRED, None
        if grant.status == grant.DENIED:
            return DeviceCodeGrant.DEVICE_CODE_DENIED, None
        if last is not None and now - last < INTERVAL - LENIENCE:
            return DeviceCodeGrant.DEVICE_CODE_SLOW_DOWN, None
        if grant.status != grant.AUTHORIZED:
            return DeviceCodeGrant.DEVICE_CODE_PENDING, None
        grant.delete()
        return DeviceCodeGrant.DEVICE_CODE_AUTHORIZED, grant


def find(code: str) -> Any:
    """Return the grant of a user code that waits for a decision.

    Raises
    ------
    NotFound
        No command line shows this code, or it shows it for too long.
    """
    rows = get_device_grant_model().objects.filter(user_code=code, expires__gt=timezone.now())
    grant = rows.order_by("-expires").first()
    if grant is None:
        raise NotFound("This code is not known. Look at the command line again; codes end soon.")
    if grant.status != grant.AUTHORIZATION_PENDING:
        raise Conflict("This code was used already. Start again at the command line.")
    return grant


@transaction.atomic
def decide(grant: Any, user: User, *, allow: bool) -> None:
    """Let the command line in as the user, or turn it away."""
    grant.user = user
    grant.status = grant.AUTHORIZED if allow else grant.DENIED
    grant.save(update_fields=["user", "status"])
    audit.record(
        "device.allowed" if allow else "device.denied",
        actor=user,
        about=("client", grant.client_id),
        detail={"scope": grant.scope},
    )


def note_origin(device_code: str, address: str) -> None:
    """Remember from where a command line asked, so that its owner can compare."""
    cache.set(_slot(device_code), address, timeout=KEPT_SECONDS)


def origin_of(device_code: str) -> str:
    """Return from where a command line asked, as far as it is known."""
    return cache.get(_slot(device_code)) or ""


def in_words(scopes: Iterable[str]) -> list[str]:
    """Return what scopes allow, in words."""
    words: Mapping[str, str] = SatelliteScopes().get_all_scopes()
    return [words.get(scope, scope) for scope in scopes if scope != "openid"]


def _slot(device_code: str) -> str:
    return f"device-origin:{sha256(device_code.encode()).hexdigest()}"
