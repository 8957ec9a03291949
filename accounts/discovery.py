"""What providers publish of themselves: the discovery document and the signing keys, kept a while.

Documents are read without redirects, up to a size, within seconds; what they say is checked before
anything uses it.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from accounts.providers import Provider
from vre_portal.config import LOOPBACK
from vre_portal.errors import PortalError, UpstreamRefused
from vre_portal.http import call, json_of

DISCOVERY_SECONDS = 3600
KEYS_SECONDS = 3600
#: Keys are asked for again at most this often when none fits: a forger must not make us a hammer.
REFETCH_SECONDS = 10
#: Whoever waits for a provider that has just failed to answer is told so, and waits no more.
FAILED_SECONDS = 2
MAX_BYTES = 512 * 1024
MAX_KEYS = 50
RSA_BITS = 2048
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL = ("userinfo_endpoint", "revocation_endpoint", "end_session_endpoint")


class _Kept:
    """Answers of providers, kept for a while."""

    def __init__(self) -> None:
        # One lock an address: a provider that hangs keeps nobody from another.
        self.locks: defaultdict[str, Lock] = defaultdict(Lock)
        self.values: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self.refetched: dict[str, float] = {}
        self.failed: dict[str, tuple[float, PortalError]] = {}

    def get(
        self, url: str, service: str, max_age: float, *, refetch: bool = False
    ) -> Mapping[str, Any]:
        """Return the JSON object at a URL, at most `max_age` seconds old.

        With `refetch` it is read anew, unless that was done a few seconds ago.
        """
        with self.locks[url]:
            now = time.monotonic()
            if refetch and now - self.refetched.get(url, -math.inf) > REFETCH_SECONDS:
                self.refetched[url], max_age = now, -1
            at, value = self.values.get(url, (-math.inf, {}))
            if now - at > max_age:
                value = self._read(url, service)
                self.values[url] = (time.monotonic(), value)
            return value

    def _read(self, url: str, service: str) -> Mapping[str, Any]:
        at, error = self.failed.get(url, (-math.inf, None))
        if error is not None and time.monotonic() - at < FAILED_SECONDS:
            raise error.with_traceback(None)
        try:
            return _fetch(service, url)
        except PortalError as exc:
            self.failed[url] = (time.monotonic(), exc)
            raise


_kept = _Kept()


def _fetch(service: str, url: str) -> Mapping[str, Any]:
    answer = call(service, "GET", url, max_bytes=MAX_BYTES)
    value = json_of(service, answer) if answer.status_code == requests.codes.ok else None
    if not isinstance(value, dict):
        raise UpstreamRefused(f"{service} publishes no valid description.", service=service)
    return value


def metadata(provider: Provider) -> Mapping[str, Any]:
    """Return the discovery document (OpenID Connect Discovery 1.0, section 4).

    Raises
    ------
    UpstreamRefused
        The document names another issuer, lacks an endpoint, or names one that is not safe.
    """
    url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    document = _kept.get(url, provider.name, DISCOVERY_SECONDS)
    named = [document.get(name) for name in NEEDED]
    named += [document[name] for name in OPTIONAL if document.get(name) is not None]
    if document.get("issuer") != provider.issuer or not all(_safe(provider, u) for u in named):
        raise UpstreamRefused(
            f"{provider.name} describes itself wrongly. Tell the operators.", service=provider.slug
        )
    return document


def _safe(provider: Provider, url: object) -> bool:
    """Whether an endpoint is https, or on this machine together with its issuer."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = provider.issuer.startswith("http://") and parts.hostname in LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def signing_keys(provider: Provider, *, refetch: bool = False) -> list[Key]:
    """Return the provider's usable signing keys.

    Left out are keys that don't parse, are too short or not for signing, and those whose private
    half is published too.
    """
    url = metadata(provider)["jwks_uri"]
    document = _kept.get(url, provider.name, KEYS_SECONDS, refetch=refetch)
    published = document.get("keys")
    return list(_usable(published[:MAX_KEYS])) if isinstance(published, list) else []


def _usable(published: list[Any]) -> Iterator[Key]:
    kinds: Mapping[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    for entry in published:
        try:
            operations = entry.get("key_ops", ["verify"])
            if entry.get("use", "sig") != "sig" or "verify" not in operations or "d" in entry:
                continue
            key = kinds[entry["kty"]].import_key(
                {name: value for name, value in entry.items() if name != "key_ops"}
            )
            if key.key_type == "RSA" and key.public_key.key_size < RSA_BITS:
                continue
        except Exception:  # noqa: BLE001, S112 - whatever a foreign key breaks in, the others count
            continue
        yield key
