"""Who asks: a JWT of one of the providers, checked by the keys that the provider publishes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "ES256"]
LEEWAY_SECONDS = 30
#: How often a provider is asked again at most, when a token names a key that is not known.
ASK_AGAIN_SECONDS = 10.0
TIMEOUT_SECONDS = 5


class Refused(Exception):
    """The token is not good here; the text is for whoever sent it."""


class Unreachable(Exception):
    """The provider whose keys are needed does not answer."""


class Provider:
    """One issuer and its public keys, asked for once and again when an unknown one is named."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._keys: KeySet | None = None
        self._asked = -ASK_AGAIN_SECONDS
        self._lock = threading.Lock()

    def keys_for(self, kid: str) -> KeySet:
        """Return the keys, with the named one among them when the provider has it."""
        keys = self._keys
        if keys is not None and _has(keys, kid):
            return keys
        with self._lock:
            stale = time.monotonic() - self._asked >= ASK_AGAIN_SECONDS
            if self._keys is None or (stale and not _has(self._keys, kid)):
                self._keys, self._asked = self._fetch(), time.monotonic()
            return self._keys

    def _fetch(self) -> KeySet:
        try:
            where = _json(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            return KeySet.import_key_set(_json(where["jwks_uri"]))
        except (OSError, ValueError, KeyError, JoseError) as exc:
            raise Unreachable(self.issuer) from exc


class Tokens:
    """Checks tokens of several issuers, made for one of several audiences."""

    def __init__(self, issuers: Iterable[str], audiences: Sequence[str]) -> None:
        self._audiences = list(audiences)
        self._providers = {issuer: Provider(issuer) for issuer in issuers}

    def subject_of(self, token: str) -> str:
        """Return whose token it is, as one word that tells nothing; raise Refused at a bad one."""
        header, told = _unchecked(token)
        provider = self._providers.get(str(told.get("iss")))
        if provider is None:
            raise Refused("The token is of no issuer that is known here.")
        keys = provider.keys_for(str(header.get("kid", "")))
        try:
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": provider.issuer},
                aud={"essential": True, "values": self._audiences},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError) as exc:
            raise Refused("The token is not valid here, or not any more.") from exc
        return hashlib.sha256(f"{claims['iss']}|{claims['sub']}".encode()).hexdigest()


def _unchecked(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a token says of itself; it is only used to choose the keys."""
    try:
        header, claims = (_part(part) for part in token.split(".")[:2])
    except (ValueError, binascii.Error) as exc:
        raise Refused("This is no token.") from exc
    return header, claims


def _part(text: str) -> dict[str, Any]:
    value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if not isinstance(value, dict):
        raise ValueError("an object is needed")  # noqa: TRY004 - one fault of many in a text
    return value


def _has(keys: KeySet, kid: str) -> bool:
    return any(key.kid == kid for key in keys.keys)


def _json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        return json.load(answer)
