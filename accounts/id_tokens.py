"""Every signed token that a provider sends: id_tokens, signed userinfo, logout tokens.

Verified by joserfc with the algorithms of the provider's entry and with published keys only; the
token's own `jwk`, `jku` and `x5u` are never looked at.
"""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

from accounts import discovery
from accounts.providers import Provider
from accounts.token_endpoint import Tokens
from vre_portal.errors import Forbidden, UpstreamRefused

CLOCK_SKEW = 60
MAX_TOKEN = 64 * 1024
MAX_HEADER = 8 * 1024
MAX_SUBJECT = 255
MAX_SID = 400
#: When somebody signed in whose provider does not tell it: never lately.
UNKNOWN = datetime.fromtimestamp(0, UTC)
#: What a JWT may say that it is; a token made for something else must not pass for an id_token.
ID_TOKEN_TYPES = {None, "JWT", "jwt"}
#: What secures a sign-in; userinfo has no word in it.
PROTOCOL = ("iss", "sub", "aud", "azp", "exp", "iat", "nonce", "auth_time", "acr", "amr", "sid")
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
#: In what joserfc and cryptography break when a token or a key is broken.
_BROKEN = (JoseError, ValueError, TypeError, AttributeError, RecursionError)


class _Registry(jws.JWSRegistry):
    """Ignores header members that it does not know (RFC 7515, 4); there may be certificates."""

    max_header_length = MAX_HEADER


class SignInRefused(Forbidden):
    """A sign-in that must not succeed; `reason` is a word for the logs, the text is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Proven:
    """What a provider has proven: who somebody is there, since when, and with which tokens."""

    provider: Provider
    subject: str
    claims: Mapping[str, Any] = field(repr=False)
    tokens: Tokens = field(repr=False)
    auth_time: datetime
    sid: str = ""

    @property
    def acr(self) -> str:
        """How strong the authentication was, in the provider's word."""
        value = self.claims.get("acr")
        return value[:200] if isinstance(value, str) and value.isprintable() else ""


def verify_id_token(provider: Provider, token: str, *, nonce: str) -> Mapping[str, Any]:
    """Return the claims of an id_token (OpenID Connect Core 1.0, 3.1.3.7).

    Raises
    ------
    SignInRefused
        The signature, or one of iss, aud, azp, exp, iat, nbf, sub and nonce, is wrong or absent.
    """
    claims = decoded(provider, token, types=ID_TOKEN_TYPES)
    _check_parties(provider, claims)
    _check_times(claims)
    subject_of(claims)
    if claims.get("nonce") != nonce:
        raise SignInRefused("nonce", "The sign-in does not belong to this browser. Start again.")
    if "events" in claims:
        raise SignInRefused("type", "The provider sent something else than a sign-in.")
    return _storable(claims)


def check_refreshed(provider: Provider, token: str, *, subject: str) -> Mapping[str, Any]:
    """Return the claims of a refresh response's id_token (Core 1.0, 12.2): iss, sub, aud stay."""
    claims = decoded(provider, token, types=ID_TOKEN_TYPES)
    _check_parties(provider, claims)
    _check_times(claims)
    if subject_of(claims) != subject:
        raise SignInRefused("subject", "The provider gave the token of another person.")
    return _storable(claims)


def kept_claims(token: str) -> Mapping[str, Any]:
    """Return the claims of an id_token that was verified when it was put into the vault."""
    try:
        claims = json.loads(jws.extract_compact(token.encode()).payload) if token else {}
    except _BROKEN:
        return {}
    return _storable(claims) if isinstance(claims, dict) else {}


def verified(provider: Provider, token: str, *, types: set[str | None]) -> Mapping[str, Any]:
    """Return the claims of any token that the provider signed for this portal, valid now."""
    claims = decoded(provider, token, types=types)
    _check_parties(provider, claims)
    _check_times(claims)
    return claims


def check_at_hash(token: str, claims: Mapping[str, Any], access_token: str) -> None:
    """Refuse an access token that a verified id_token does not vouch for (Core 1.0, 3.1.3.8)."""
    expected = claims.get("at_hash")
    if expected is None:
        return
    bits = str(_header(token)["alg"])[2:]
    digest = hashlib.new(f"sha{bits}" if bits.isdigit() else "sha512", access_token.encode())
    half = digest.digest()[: digest.digest_size // 2]
    if expected != urlsafe_b64encode(half).rstrip(b"=").decode():
        raise SignInRefused("at-hash", "The access token does not belong to this sign-in.")


def signed_userinfo(provider: Provider, token: str) -> Mapping[str, Any]:
    """Return the claims of a userinfo answer that is a signed JWT (Core 1.0, 5.3.2)."""
    claims = decoded(provider, token, types=None)
    if claims.get("iss") != provider.issuer:
        raise SignInRefused("userinfo", "Who you are was told by another issuer.")
    if provider.client_id not in _audiences(claims):
        raise SignInRefused("userinfo", "Who you are was told to another application.")
    expires: Any = claims.get("exp", time.time())
    if not _is_number(expires) or expires < time.time() - CLOCK_SKEW:
        raise SignInRefused("userinfo", "Who you are was told too long ago.")
    return claims


def subject_of(claims: Mapping[str, Any]) -> str:
    """Return the subject, which must be a printable text of at most 255 characters."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise SignInRefused("subject", "The sign-in does not say who you are.")
    if not subject.isprintable():
        raise SignInRefused("subject", "The sign-in names you by characters that no name has.")
    return subject


def sid_of(claims: Mapping[str, Any]) -> str:
    """Return the provider's name for its own session, empty where it tells none."""
    sid = claims.get("sid")
    return sid if isinstance(sid, str) and sid.isprintable() and len(sid) <= MAX_SID else ""


def auth_time_of(claims: Mapping[str, Any], *, not_before: float | None = None) -> datetime:
    """Return when the person authenticated, `UNKNOWN` where the provider doesn't tell.

    With `not_before` (seconds since the epoch) it must be told and be as new as that.
    """
    told: Any = claims.get("auth_time")
    if not_before is not None and (not _is_number(told) or told < not_before - CLOCK_SKEW):
        raise SignInRefused(
            "auth-time",
            "Your provider did not ask you to sign in anew, which is needed here. Sign out there, "
            "then try again.",
        )
    if not _is_number(told):
        return UNKNOWN
    return datetime.fromtimestamp(min(float(told), time.time()), UTC)


def decoded(provider: Provider, token: str, *, types: set[str | None] | None) -> Mapping[str, Any]:
    """Return the claims of a token whose signature is the provider's.

    `types` are the allowed values of the header `typ` (None: absent); None allows any.

    Raises
    ------
    SignInRefused
        The token can't be read, is of another type, or no published key verifies it.
    """
    header = _header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in provider.algorithms:
        raise SignInRefused("algorithm", "The sign-in is signed in a way that is not allowed.")
    if types is not None and header.get("typ") not in types:
        raise SignInRefused("type", "The provider sent something else than a sign-in.")
    registry = _Registry(algorithms=provider.algorithms, strict_check_header=False)
    for refetch in (False, True):
        for key in discovery.signing_keys(provider, refetch=refetch):
            if not _fits(key, str(algorithm), kid):
                continue
            try:
                return dict(jwt.decode(token, key, registry=registry).claims)
            except _BROKEN:
                continue
    raise SignInRefused("signature", "The signature of the sign-in is wrong.")


def _header(token: str) -> Mapping[str, Any]:
    try:
        if not token or len(token) > MAX_TOKEN:
            raise ValueError("no token, or a huge one")
        registry = _Registry(strict_check_header=False)
        header = jws.extract_compact(token.encode(), registry=registry).headers()
        if "crit" in header or "b64" in header:
            raise SignInRefused("critical", "The sign-in needs something that the portal can't do.")
        registry.check_header(header)
    except _BROKEN as exc:
        raise SignInRefused("unreadable", "The provider sent no readable sign-in.") from exc
    return header


def _fits(key: Key, algorithm: str, kid: object) -> bool:
    if key.key_type != _KEY_TYPES[algorithm[:2]] or key.get("alg", algorithm) != algorithm:
        return False
    return not kid or not key.kid or key.kid == kid


def _check_parties(provider: Provider, claims: Mapping[str, Any]) -> None:
    audiences, authorized = _audiences(claims), claims.get("azp")
    if claims.get("iss") != provider.issuer:
        raise SignInRefused("issuer", "The sign-in names another issuer.")
    if provider.client_id not in audiences or authorized not in (None, provider.client_id):
        raise SignInRefused("audience", "The sign-in was meant for another application.")
    if len(audiences) > 1 and authorized is None:
        raise SignInRefused("audience", "The sign-in does not say for which application it is.")


def _audiences(claims: Mapping[str, Any]) -> list[Any]:
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]


def _check_times(claims: Mapping[str, Any]) -> None:
    now = time.time()
    expires: Any = claims.get("exp")
    issued, since = claims.get("iat"), claims.get("nbf", 0)
    if not _is_number(expires) or not _is_number(issued) or not _is_number(since):
        raise SignInRefused("times", "The sign-in does not say how long it is valid.")
    if expires <= now - CLOCK_SKEW:
        raise SignInRefused("expired", "The sign-in has expired. Is a clock wrong?")
    if max(issued, since) > now + CLOCK_SKEW:
        raise SignInRefused("future", "The sign-in is not valid yet. Is a clock wrong?")


def _is_number(value: Any) -> bool:
    """Whether a claim is a time: JSON as Python reads it knows NaN, infinity and booleans too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def known_claims(provider: Provider, id_claims: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    """Return id_token and userinfo together; userinfo never overrides what secures the sign-in."""
    if answer is None:
        return dict(id_claims)
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        signed = kind == "application/jwt"
        told = signed_userinfo(provider, answer.content.decode()) if signed else answer.json()
    except (ValueError, RecursionError) as exc:
        raise UpstreamRefused(
            f"{provider.name} does not tell who you are.", service=provider.slug
        ) from exc
    if not isinstance(told, dict) or told.get("sub") != id_claims["sub"]:
        raise SignInRefused(
            "userinfo-subject", "The provider speaks of two different people. Tell the operators."
        )
    about_person = {name: value for name, value in told.items() if name not in PROTOCOL}
    return {**id_claims, **_storable(about_person)}


def _storable(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return claims without halves of surrogate pairs: JSON may hold them, no database does."""
    cleaned: dict[str, Any] = json.loads(
        json.dumps(dict(claims), ensure_ascii=False).encode(errors="replace")
    )
    return cleaned
