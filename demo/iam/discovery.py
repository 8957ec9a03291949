"""The provider's own description (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

from demo.iam.claims import CLAIM_SCOPES
from demo.iam.exchange import GRANT_TYPE
from demo.iam.settings import CONFIGURATION, SCOPES
from demo.iam.validator import MULTI_FACTOR, SINGLE_FACTOR

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", GRANT_TYPE)


def openid_configuration(_request: HttpRequest) -> JsonResponse:
    """Return the discovery document: no more than what the provider really does."""
    base = CONFIGURATION.issuer.rstrip("/")
    answer = JsonResponse(
        {
            "issuer": CONFIGURATION.issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "jwks_uri": f"{base}/jwks",
            "revocation_endpoint": f"{base}/revoke",
            "end_session_endpoint": f"{base}/logout",
            "scopes_supported": SCOPES,
            "claims_supported": [name for name, scope in CLAIM_SCOPES.items() if scope in SCOPES],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": GRANT_TYPES,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "select_account"],
            "acr_values_supported": [SINGLE_FACTOR, MULTI_FACTOR],
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "authorization_response_iss_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }
    )
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cache-Control"] = "public, max-age=300"
    return answer
