"""The provider itself: state, and what each of its endpoints answers."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import unquote_plus, urlencode

from joserfc import jws
from joserfc.jwk import Key

from tests.fakes.misbehaving.keys import KEY, published

ABSENT: Any = object()
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
CLIENT, SECRET = "portal", "s3cret/+ä"  # what needs encoding must arrive as it is


@dataclass(frozen=True)
class Answer:
    """What goes over the wire; `pause` seconds pass before it, or between its bytes (`drip`)."""

    status: int = 200
    body: Any = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0
    drip: bool = False


def changed(value: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with changes; what is `ABSENT` is left out."""
    return {name: each for name, each in {**value, **changes}.items() if each is not ABSENT}


@dataclass
class MisbehavingProvider:
    """One provider; each of the mappings of changes is empty when it is honest."""

    issuer: str
    entry: dict[str, Any] = field(default_factory=dict)
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "subject-1", "name": "Ada", "email": "ada@example.org"}
    )
    discovery: dict[str, Any] = field(default_factory=dict)
    callback: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    keys: Any = field(default_factory=lambda: [published(KEY, use="sig", alg="RS256")])
    key: Key = field(default_factory=lambda: KEY)
    sign: Callable[[MisbehavingProvider, dict[str, Any], dict[str, Any]], Any] | None = None
    before_signing: Callable[[MisbehavingProvider], None] | None = None
    instead: dict[str, Answer] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, endpoint: str, form: dict[str, str], headers: Mapping[str, str]) -> Answer:
        """Return what an endpoint answers."""
        self.asked.append((endpoint, form))
        honest = self._honest(endpoint, form, headers)
        return self.instead.get(endpoint, honest)

    def _honest(self, endpoint: str, form: dict[str, str], headers: Mapping[str, str]) -> Answer:
        shown = self.keys if isinstance(self.keys, dict) else {"keys": self.keys}
        match endpoint:
            case "discovery":
                return Answer(body=self.description())
            case "jwks":
                return Answer(body=shown)
            case "authorize":
                return self._authorize(form)
            case "token":
                return self._token(form, headers)
            case "userinfo" if headers.get("Authorization", "")[7:] in self.given:
                return Answer(body=changed(self.person, self.userinfo))
        return Answer(404)

    def description(self) -> dict[str, Any]:
        """Return the discovery document."""
        base = self.issuer.rstrip("/")
        honest = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "jwks_uri": f"{base}/jwks",
            "revocation_endpoint": f"{base}/revoke",
            "authorization_response_iss_parameter_supported": True,
        }
        return changed(honest, self.discovery)

    def _authorize(self, asked: dict[str, str]) -> Answer:
        right = asked.get("client_id") == CLIENT and asked.get("response_type") == "code"
        if not right or asked.get("code_challenge_method") != "S256" or "nonce" not in asked:
            return Answer(400, {"error": "invalid_request"})
        code = self._new("code")
        self.codes[code] = asked
        answer = changed({"code": code, "state": asked["state"], "iss": self.issuer}, self.callback)
        target = f"{asked['redirect_uri']}?{urlencode(answer, doseq=True)}"
        return Answer(302, headers={"Location": target})

    def _token(self, form: dict[str, str], headers: Mapping[str, str]) -> Answer:
        if not _is_client(headers.get("Authorization", ""), form):
            return Answer(401, {"error": "invalid_client"})
        if form["grant_type"] == "refresh_token":
            return self._tokens_for({}) if form["refresh_token"] in self.given else _INVALID
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = _base64(sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return _INVALID
        return self._tokens_for(asked) if asked["code_challenge"] == challenge else _INVALID

    def _tokens_for(self, asked: Mapping[str, str]) -> Answer:
        if self.before_signing:
            self.before_signing(self)
        access_token = self._new("access")
        honest = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": self._new("refresh"),
            "id_token": self.id_token(asked, access_token),
        }
        return Answer(body=changed(honest, self.tokens))

    def id_token(self, asked: Mapping[str, str], access_token: str) -> Any:
        """Return an id_token for an authorization request, or for a refresh that had none."""
        header = changed({"alg": "RS256", "kid": "one"}, self.header)
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "sub": self.person["sub"],
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "auth_time": now,
            "at_hash": _half_hash(access_token, header["alg"]),
            **({"nonce": asked["nonce"]} if "nonce" in asked else {}),
        }
        return self._signed(header, honest)

    def logout_token(self) -> Any:
        """Return a logout token for the person's sign-in "session-1"."""
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "sub": self.person["sub"],
            "aud": CLIENT,
            "exp": now + 120,
            "iat": now,
            "jti": token_urlsafe(12),
            "sid": "session-1",
            "events": {LOGOUT_EVENT: {}},
        }
        header = {"alg": "RS256", "kid": "one", "typ": "logout+jwt"}
        return self._signed(changed(header, self.header), honest)

    def _signed(self, header: dict[str, Any], honest: dict[str, Any]) -> Any:
        claims = changed(honest, self.claims)
        token = self.sign(self, header, claims) if self.sign else signed(self.key, header, claims)
        if isinstance(token, str):
            self.given.append(token)
        return token

    def _new(self, kind: str) -> str:
        made = f"{kind}-{token_urlsafe(12)}"
        self.given.append(made)
        return made


_INVALID = Answer(400, {"error": "invalid_grant"})


def signed(key: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return a signed token; the header may say whatever it likes."""
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    registry.max_header_length = 1 << 16
    return jws.serialize_compact(header, json.dumps(claims), key, registry=registry)


def _is_client(authorization: str, form: Mapping[str, str]) -> bool:
    if authorization.startswith("Basic "):
        name, _, secret = b64decode(authorization[6:]).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (CLIENT, SECRET)
    return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)


def _half_hash(token: str, algorithm: str) -> str:
    """Return the left half of a token's hash, by the algorithm that signs (Core 3.1.3.6)."""
    bits = algorithm[2:] if algorithm[2:].isdigit() else "512"
    digest = hashlib.new(f"sha{bits}", token.encode()).digest()
    return _base64(digest[: len(digest) // 2])


def _base64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
