"""The portal as a small OpenID provider for its own satellites: what the toolkit leaves to us."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from accounts import audit, device, gate, satellites
from accounts.models import Result, User

#: How long the second use of a code is known for what it is; codes live a minute.
USED_SECONDS = 600


class SatelliteValidator(OAuth2Validator):  # type: ignore[misc]  # untyped base
    """Exact redirects, S256, single-use codes, and nothing for people who may not act."""

    oidc_claim_scope = None

    def _load_application(self, client_id: str, request: Any) -> Any:
        """Let the client's secret be the one in the site's file: a new one holds at once."""
        client = super()._load_application(client_id, request)
        if client is not None:
            client.client_secret = client_id  # what `_check_secret` is given, and never saved
        return client

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        return satellites.knows(stored_secret, provided_secret)

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

    def validate_silent_login(self, request: Any) -> bool:
        """Let prompt=none pass: the view has asked the browser's own sign-in before."""
        return True

    def validate_silent_authorization(self, request: Any) -> bool:
        """Let prompt=none pass: satellites are first-party, and nobody is asked for consent."""
        return True

    def save_authorization_code(
        self, client_id: str, code: Any, request: Any, *args: Any, **kwargs: Any
    ) -> None:
        """Keep a code, and since when the person at this browser is signed in."""
        super().save_authorization_code(client_id, code, request, *args, **kwargs)
        if request.auth_time is not None:
            cache.set(_time_slot(code["code"]), request.auth_time, timeout=USED_SECONDS)

    def get_id_token_dictionary(
        self, token: Any, token_handler: Any, request: Any
    ) -> tuple[dict[str, Any], datetime]:
        """Return the claims of an id_token, with the time of this browser's own sign-in.

        The toolkit would tell the last sign-in of the person, at whichever browser.
        """
        claims, expires = super().get_id_token_dictionary(token, token_handler, request)
        auth_time = cache.get(_time_slot(request.code)) if request.code else None
        del claims["auth_time"]
        return {**claims, **({"auth_time": auth_time} if auth_time else {})}, expires

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
            return str(DeviceCodeGrant.DEVICE_CODE_DENIED)
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


def _time_slot(code: str) -> str:
    return f"oauth-auth-time:{sha256(code.encode()).hexdigest()}"


def _end_all_of(user_id: str) -> None:
    user = User.objects.filter(pk=user_id).first()
    if user is not None:
        satellites.end_grants(user)
        audit.record("issuer.code-replayed", actor=user, result=Result.REFUSED)
