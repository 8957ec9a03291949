"""The tokens that the provider mints itself: JWT access tokens (RFC 9068, WLCG profile 1.3)."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection

from jwcrypto import jwk, jwt
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.utils import jwk_from_pem
from oauthlib.common import Request, generate_token

from demo.iam.claims import all_claims, released
from demo.iam.models import Person
from demo.iam.settings import CONFIGURATION

EXCHANGED_SECONDS = 600
#: Claims which a service behind the portal needs of an exchanged token; no more, it must be short.
EXCHANGED_CLAIMS = ("sub", "preferred_username", "name", "email")


def access_token(request: Request) -> str:
    """Return the access token for a request that has been granted (called by oauthlib)."""
    claims = _base(request.client.client_id, request.scopes, access_token_seconds())
    claims |= {"aud": CONFIGURATION.token_audience, "sub": request.client.client_id}
    if request.user is not None:
        claims |= _of(request.user, request.scopes, omit=("name", "email", "email_verified"))
    return _signed(claims)


def refresh_token(_request: Request) -> str:
    """Return an opaque refresh token."""
    return str(generate_token(48))


def exchanged_token(
    person: Person, *, client_id: str, audience: str, scopes: Collection[str]
) -> str:
    """Return a short-lived access token for one audience (RFC 8693)."""
    claims = _base(client_id, scopes, EXCHANGED_SECONDS) | {"aud": audience}
    person_claims = _of(person, scopes)
    return _signed(
        claims | {name: person_claims[name] for name in EXCHANGED_CLAIMS if name in person_claims}
    )


def access_token_seconds() -> int:
    """Return the life of a plain access token."""
    return int(oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS)


def _base(client_id: str, scopes: Collection[str], seconds: int) -> dict[str, object]:
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": CONFIGURATION.issuer,
        "iat": now,
        "nbf": now,
        "exp": now + seconds,
        "jti": str(uuid.uuid4()),
        "client_id": client_id,
        "scope": " ".join(scopes),
    }
    if CONFIGURATION.slug == "escape":
        claims["wlcg.ver"] = "1.0"
    return claims


def _of(person: Person, scopes: Collection[str], omit: tuple[str, ...] = ()) -> dict[str, object]:
    # The subject is said in every token, also in one without the scope openid.
    claims = released(all_claims(person, CONFIGURATION.slug), {"openid", *scopes})
    return {name: value for name, value in claims.items() if name not in omit}


def _signed(claims: dict[str, object]) -> str:
    key: jwk.JWK = jwk_from_pem(oauth2_settings.OIDC_RSA_PRIVATE_KEY)
    header = {"typ": "at+jwt", "alg": "RS256", "kid": key.thumbprint()}
    token = jwt.JWT(header=json.dumps(header), claims=json.dumps(claims))
    token.make_signed_token(key)
    return str(token.serialize())
