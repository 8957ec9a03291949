"""What django-oauth-toolkit leaves to the project: claims, and the sign-in behind each token."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from oauth2_provider.models import AbstractGrant, AbstractRefreshToken, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from demo.iam.claims import CLAIM_SCOPES, all_claims
from demo.iam.models import Origin
from demo.iam.settings import CONFIGURATION

#: REFEDS: what a password is, and what a password with a one-time code is.
SINGLE_FACTOR = "https://refeds.org/profile/sfa"
MULTI_FACTOR = "https://refeds.org/profile/mfa"


class ProviderValidator(OAuth2Validator):  # type: ignore[misc]  # the library is untyped
    """Remember with each code and token family which entry of a password it goes back to.

    The toolkit itself takes `auth_time` from the person's last login, which may be another
    browser's; OpenID Connect Core (2, 12.2) wants the time of the login behind this very token.
    """

    oidc_claim_scope = CLAIM_SCOPES

    def get_claim_dict(self, request: Request) -> dict[str, object]:
        """Return every claim of the person, or a client's own subject when no person is there."""
        if request.user is None:
            return {"sub": request.client.client_id}
        return all_claims(request.user, CONFIGURATION.slug)

    def get_id_token_dictionary(
        self, token: Any, token_handler: Any, request: Request
    ) -> tuple[dict[str, object], datetime]:
        """Add the session, the time and the strength of the sign-in."""
        claims, expires = super().get_id_token_dictionary(token, token_handler, request)
        sign_in = request.origin.sign_in
        claims |= {
            "sid": str(sign_in.id),
            "auth_time": int(sign_in.at.timestamp()),
            "acr": sign_in.acr or SINGLE_FACTOR,
        }
        return claims, expires

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *_args: Any, **_kwargs: Any
    ) -> bool:
        """Compare to the letter.

        The toolkit lets any port of 127.0.0.1 pass, which RFC 8252 (7.3) grants to native
        programs; here it would hand codes to whoever listens on this machine.
        """
        return redirect_uri in request.client.redirect_uris.split()

    def _create_authorization_code(
        self, request: Request, code: dict[str, str], expires: datetime | None = None
    ) -> AbstractGrant:
        grant = super()._create_authorization_code(request, code, expires)
        Origin.objects.create(grant=grant, sign_in_id=request.sign_in)
        return grant

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Refuse also a code whose sign-in has been ended meanwhile."""
        if not super().validate_code(client_id, code, client, request, *args, **kwargs):
            return False
        request.origin = Origin.objects.select_related("sign_in").get(grant__code=code)
        return request.origin.sign_in.ended_at is None

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Let the second of two uses of one token wait for the first, and then be a reuse."""
        checksum = hashlib.sha256(refresh_token.encode()).hexdigest()
        list(RefreshToken.objects.select_for_update().filter(token_checksum=checksum))
        if not super().validate_refresh_token(refresh_token, client, request, *args, **kwargs):
            return False
        family = request.refresh_token_instance.token_family
        request.origin = Origin.objects.select_related("sign_in").get(family=family)
        return bool(request.user.is_active)

    def _create_refresh_token(
        self,
        request: Request,
        refresh_token_code: str,
        access_token: Any,
        previous_refresh_token: AbstractRefreshToken | None,
    ) -> AbstractRefreshToken:
        made = super()._create_refresh_token(
            request, refresh_token_code, access_token, previous_refresh_token
        )
        if previous_refresh_token is None:
            made.token_family = request.origin.family
            made.save(update_fields=["token_family"])
        return made

    def validate_silent_login(self, _request: Request) -> bool:
        """Leave `prompt=none` to the view, which knows the session."""
        return True

    def validate_silent_authorization(self, _request: Request) -> bool:
        """Agree: first-party clients need no consent."""
        return True
