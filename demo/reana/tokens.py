"""Verifies the tokens of the providers: signature, issuer, audience, life."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from demo.reana.errors import ProviderUnavailable, TokenRefused

TIMEOUT = 5.0
KEYS_LIVE = 3600.0
#: An unknown key id makes us fetch the keys anew, but a flood of forged ones must not.
KEYS_REST = 5.0

Fetch = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says about its person."""

    issuer: str
    subject: str
    username: str
    name: str
    email: str


class Provider:
    """One trusted issuer and its signing keys."""

    def __init__(self, issuer: str, fetch: Fetch, clock: Callable[[], float]) -> None:
        self.issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._keys = KeySet([])
        self._fetched: float | None = None
        self._lock = threading.Lock()

    def keys_for(self, key_id: str | None) -> KeySet:
        """Return the signing keys, fetched anew when they are old or lack this one."""
        with self._lock:
            age = float("inf") if self._fetched is None else self._clock() - self._fetched
            known = any(key.kid == key_id for key in self._keys.keys)
            if age > KEYS_LIVE or (not known and age > KEYS_REST):
                self._keys = self._fetch_keys()
                self._fetched = self._clock()
            return self._keys

    def _fetch_keys(self) -> KeySet:
        discovery = self._fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        return KeySet.import_key_set({"keys": self._fetch(discovery["jwks_uri"])["keys"]})


class Verifier:
    """The trusted providers."""

    def __init__(
        self,
        issuers: tuple[str, ...],
        audience: str,
        *,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._providers = {
            issuer: Provider(issuer, fetch or fetch_json, clock) for issuer in issuers
        }
        self._claims = jwt.JWTClaimsRegistry(
            leeway=10,
            iss={"essential": True, "values": list(issuers)},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    def verify(self, token: str) -> Claims:
        """Return what a token says, when it is to be believed.

        Raises
        ------
        TokenRefused
            Malformed, forged, expired, or not meant for this service.
        ProviderUnavailable
            The keys of its provider cannot be fetched.
        """
        try:
            header, issuer = _unverified(token)
            provider = self._providers[issuer]
            verified = jwt.decode(token, provider.keys_for(header.get("kid")), ["RS256"])
            self._claims.validate(verified.claims)
        except (JoseError, InvalidKeyIdError, KeyError, ValueError) as exc:
            raise TokenRefused("Token not valid.") from exc
        claims = verified.claims
        username = str(claims.get("preferred_username") or claims["sub"])
        return Claims(
            issuer=issuer,
            subject=str(claims["sub"]),
            username=username,
            name=str(claims.get("name") or username),
            email=str(claims.get("email") or f"{username}@{_place(issuer)}"),
        )


def fetch_json(url: str) -> Mapping[str, Any]:
    """Return a provider's JSON document."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            document: Mapping[str, Any] = json.load(answer)
    except (OSError, ValueError) as exc:
        raise ProviderUnavailable(
            "The identity provider does not answer; try again in a moment."
        ) from exc
    return document


def _place(issuer: str) -> str:
    """Return an issuer as the end of an address, so that two issuers' namesakes have two."""
    return issuer.split("://", 1)[-1].rstrip("/")


def _unverified(token: str) -> tuple[Mapping[str, Any], str]:
    """Return the header and issuer that a token claims, to choose the keys that prove it."""
    compact = extract_compact(token.encode("ascii"))
    return compact.headers(), str(json.loads(compact.payload)["iss"])
