"""Token exchange (RFC 8693): the user's token for one that a single service accepts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.http import HttpRequest, JsonResponse, QueryDict
from oauth2_provider.models import AbstractApplication, AccessToken

from demo.iam.settings import CONFIGURATION
from demo.iam.tokens import EXCHANGED_SECONDS, exchanged_token

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
AUDIENCES = {client.client_id: client.exchange_audiences for client in CONFIGURATION.clients}


@dataclass
class Refused(Exception):
    """An error answer, in the words of RFC 6749 (5.2) and RFC 8693 (2.2.2)."""

    error: str
    description: str
    status: int = 400


def exchange_answer(request: HttpRequest, client: AbstractApplication | None) -> JsonResponse:
    """Answer an exchange asked for by an authenticated client, or by none."""
    try:
        answer, status = _exchange(request.POST, client), 200
    except Refused as exc:
        answer = {"error": exc.error, "error_description": exc.description}
        status = exc.status
    response = JsonResponse(answer, status=status)
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = 'Basic realm="token"'
    return response


def _exchange(asked: QueryDict, client: AbstractApplication | None) -> dict[str, object]:
    if client is None:
        raise Refused("invalid_client", "The client is unknown or its secret is wrong.", 401)
    audience = _audience(asked, client)
    subject = _subject(asked, client)
    scopes = asked.get("scope", "").split() or subject.scope.split()
    if not set(scopes) <= set(subject.scope.split()):
        raise Refused("invalid_scope", "The subject token does not have these scopes.")
    token = exchanged_token(
        subject.user, client_id=client.client_id, audience=audience, scopes=scopes
    )
    return {
        "access_token": token,
        "issued_token_type": ACCESS_TOKEN_TYPE,
        "token_type": "Bearer",
        "expires_in": EXCHANGED_SECONDS,
        "scope": " ".join(scopes),
    }


def _audience(asked: QueryDict, client: AbstractApplication) -> str:
    """Return the one audience asked for, when the client may have it."""
    allowed = AUDIENCES.get(client.client_id, ())
    if not allowed:
        raise Refused("unauthorized_client", "This client may not exchange tokens.")
    audiences = asked.getlist("audience")
    if not audiences:
        raise Refused("invalid_request", "The parameter audience is missing.")
    if len(audiences) > 1 or audiences[0] not in allowed or "resource" in asked:
        raise Refused("invalid_target", f"Ask for one audience of: {', '.join(allowed)}.")
    return audiences[0]


def _subject(asked: QueryDict, client: AbstractApplication) -> AccessToken:
    """Return the subject token: live, this provider's, of a person and issued to this client.

    Another client's token is refused: whoever receives a user's token must not be able to turn
    it into one for a further service. A revoked token's row is gone.
    """
    if asked.get("subject_token_type") not in {ACCESS_TOKEN_TYPE, JWT_TYPE}:
        raise Refused("invalid_request", f"subject_token_type must be {ACCESS_TOKEN_TYPE}.")
    wanted = asked.get("requested_token_type", ACCESS_TOKEN_TYPE)
    if wanted not in {ACCESS_TOKEN_TYPE, JWT_TYPE} or "actor_token" in asked:
        raise Refused("invalid_request", "Only an access token is issued, and for no actor.")
    checksum = hashlib.sha256(asked.get("subject_token", "").encode()).hexdigest()
    found = (
        AccessToken.objects.select_related("user")
        .filter(token_checksum=checksum, application=client, user__is_active=True)
        .first()
    )
    if found is None or found.is_expired():
        raise Refused("invalid_request", "The subject token is not valid (any more).")
    return found
