"""The portal as a small OpenID provider for its own satellites: what the toolkit leaves to us."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.core.cache import cache
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from accounts import audit, device, gate
from accounts.models import Result, User
from accounts.satellites import end_grants

#: How long the second use of a code is known for what it is; codes live a minute.
USED_SECONDS = 600


class SatelliteValidator(OAuth2Validator):  # type: ignore[misc]  # untyped base
    """Exact redirects, S256, single-use codes, and nothing for people who may not act."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """Return the claims of the id_token and of userinfo: handle, name and groups."""
        user = request.user
        return {
            "preferred_username": user.handle,
            "name": user.display_name,
            "groups": list(user.groups),
        }

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Compare to the letter; the toolkit would let any port of 127.0.0.1 pass."""
        return redirect_uri in request.client.redirect_uris.split()

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Refuse a code used before, and end what was given for it (RFC 6749, 4.1.2)."""
        valid = super().validate_code(client_id, code, client, request, *args, **kwargs)
        owner = cache.get(_slot(code))
        if owner is not None:
            _end_all_of(owner)
            return False
        return bool(valid) and gate.refusal(request.user) is None

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any
    ) -> None:
        """Remove a code that was used, and remember whose it was."""
        cache.set(_slot(code), str(request.user.pk), timeout=USED_SECONDS)
        super().invalidate_authorization_code(client_id, code, request, *args, **kwargs)

    def validate_device_code(
        self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any
    ) -> str | None:
        """Return how far a command line's owner is, and give the request the owner and scopes."""
        status, grant = device.progress(code, client_id)
        if grant is None:
            return status or None
        if gate.refusal(grant.user) is not None:
            return DeviceCodeGrant.DEVICE_CODE_DENIED
        request.user, request.scopes = grant.user, grant.scope.split()
        return status

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Refuse also people who may not act any more."""
        valid = super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)
        return bool(valid) and gate.refusal(request.user) is None

    def validate_bearer_token(self, token: str, scopes: Any, request: Any) -> bool:
        """Refuse also people who may not act any more."""
        valid = super().validate_bearer_token(token, scopes, request)
        return bool(valid) and isinstance(request.user, User) and gate.refusal(request.user) is None


def _slot(code: str) -> str:
    return f"oauth-code:{sha256(code.encode()).hexdigest()}"


def _end_all_of(user_id: str) -> None:
    user = User.objects.filter(pk=user_id).first()
    if user is not None:
        end_grants(user)
        audit.record("issuer.code-replayed", actor=user, result=Result.REFUSED)
