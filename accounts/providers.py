"""The registry of OpenID providers: discovery, keys, and every call to a token endpoint."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

import requests
import yaml
from django.utils import timezone
from joserfc.jwk import KeySet

from vre_portal.config import get_config
from vre_portal.errors import CredentialExpired, UpstreamRefused
from vre_portal.http import call, json_of

DISCOVERY_SECONDS = 3600
KEYS_SECONDS = 3600
REFETCH_SECONDS = 10
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type, RFC 8693
#: What says that a sign-in is over; RFC 8693 (2.2.2) has no word of its own for a dead subject.
GONE: Mapping[str, frozenset[str]] = {
    "authorization_code": frozenset({"invalid_grant"}),
    "refresh_token": frozenset({"invalid_grant", "invalid_token"}),
    EXCHANGE: frozenset({"invalid_grant", "invalid_token", "invalid_request"}),
}
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")


@dataclass(frozen=True, slots=True)
class Provider:
    """One OpenID provider as the site configured it."""

    slug: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email", "offline_access")
    algorithms: tuple[str, ...] = ("RS256",)
    description: str = ""
    hint_parameter: str = ""
    groups_claim: str = "groups"
    group_authorities: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()
    exchange_scope: str = "openid profile"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint answered."""

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)


@cache
def registry() -> Mapping[str, Provider]:
    """Return the configured providers by slug, in the order of the file."""
    entries = yaml.safe_load(get_config().providers_file.read_text()) or []
    return {entry["slug"]: _provider(entry) for entry in entries}


def _provider(entry: Mapping[str, Any]) -> Provider:
    claims = entry.get("claims", {})
    lists = ("scopes", "algorithms")
    texts = ("description", "hint_parameter", "exchange_scope")
    given: dict[str, Any] = {key: tuple(entry[key]) for key in lists if key in entry}
    given |= {key: str(entry[key]) for key in texts if key in entry}
    refused = set(given.get("algorithms", ())) - set(ASYMMETRIC)
    if refused:
        raise ValueError(f"provider {entry['slug']}: algorithms {sorted(refused)} are not allowed")
    return Provider(
        slug=entry["slug"],
        name=entry["name"],
        issuer=entry["issuer"],
        client_id=entry["client_id"],
        client_secret=entry["client_secret"],
        groups_claim=claims.get("groups", "groups"),
        group_authorities=tuple(entry.get("group_authorities", ())),
        roles=tuple(entry.get("roles", {}).items()),
        **given,
    )


def get(slug: str) -> Provider:
    """Return a provider, or raise `CredentialExpired` when the site no longer has it."""
    provider = registry().get(slug)
    if provider is None:
        raise CredentialExpired("This way to sign in was removed. Use another.", provider=slug)
    return provider


def name_of(slug: str) -> str:
    """Return a provider's name, or its slug when the site no longer has it."""
    provider = registry().get(slug)
    return provider.name if provider else slug


class _Kept:
    """Answers of a provider, kept for a while."""

    def __init__(self) -> None:
        # One lock an address: a provider that hangs keeps nobody from another.
        self.locks: defaultdict[str, Lock] = defaultdict(Lock)
        self.values: dict[str, tuple[float, Any]] = {}

    def get(self, url: str, service: str, max_age: float) -> Any:
        """Return the JSON at a URL, at most `max_age` seconds old."""
        with self.locks[url]:
            at, value = self.values.get(url, (0.0, None))
            if value is None or time.monotonic() - at > max_age:
                value = _fetch(service, url)
                self.values[url] = (time.monotonic(), value)
            return value


_kept = _Kept()


def _fetch(service: str, url: str) -> Mapping[str, Any]:
    answer = call(service, "GET", url)
    value = json_of(service, answer) if answer.ok else None
    if not isinstance(value, dict):
        raise UpstreamRefused(f"{service} publishes no valid description.", service=service)
    return value


def metadata(provider: Provider) -> Mapping[str, Any]:
    """Return the discovery document (OpenID Connect Discovery 1.0, section 4).

    Raises
    ------
    UpstreamRefused
        The document names another issuer, or no endpoints.
    """
    url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    document: Mapping[str, Any] = _kept.get(url, provider.name, DISCOVERY_SECONDS)
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if document.get("issuer") != provider.issuer or not all(document.get(name) for name in needed):
        raise UpstreamRefused(
            f"{provider.name} describes itself wrongly. Tell the operators.", service=provider.slug
        )
    return document


def keys(provider: Provider, *, refetch: bool = False) -> KeySet:
    """Return the provider's signing keys; keys that don't parse or don't sign are left out."""
    url = metadata(provider)["jwks_uri"]
    document = _kept.get(url, provider.name, REFETCH_SECONDS if refetch else KEYS_SECONDS)
    usable = []
    for key in document.get("keys") or []:
        if not isinstance(key, dict) or key.get("use", "sig") != "sig" or key.get("kty") == "oct":
            continue
        try:
            usable += KeySet.import_key_set({"keys": [key]}).keys
        except Exception:  # noqa: BLE001, S112 - whatever a foreign key breaks in, the others count
            continue
    return KeySet(usable)


def redeem(provider: Provider, *, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """Return the tokens for an authorization code (RFC 6749 4.1.3, RFC 7636)."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    answer = _token_request(provider, form | {"code_verifier": verifier})
    return _tokens(provider, answer)


def refresh(provider: Provider, refresh_token: str) -> Tokens:
    """Return new tokens for a refresh token.

    Raises
    ------
    CredentialExpired
        The provider takes the refresh token no longer.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _tokens(provider, _token_request(provider, form))


def exchange(provider: Provider, subject_token: str, *, audience: str) -> Tokens:
    """Return a token for another audience (RFC 8693), with a slim scope."""
    form = {
        "grant_type": EXCHANGE,
        "subject_token": subject_token,
        "subject_token_type": ACCESS_TOKEN,
        "requested_token_type": ACCESS_TOKEN,
        "audience": audience,
        "scope": provider.exchange_scope,
    }
    return _tokens(provider, _token_request(provider, form))


def revoke(provider: Provider, refresh_token: str) -> None:
    """Tell the provider that a refresh token is no longer needed (RFC 7009), where it listens."""
    url = metadata(provider).get("revocation_endpoint")
    if url:
        form = {"token": refresh_token, "token_type_hint": "refresh_token"}
        call(
            provider.name, "POST", url, data=form, auth=(provider.client_id, provider.client_secret)
        )


def userinfo(provider: Provider, access_token: str) -> Mapping[str, Any]:
    """Return the claims of the userinfo endpoint, empty where the provider has none."""
    url = metadata(provider).get("userinfo_endpoint")
    if not url:
        return {}
    answer = call(provider.name, "GET", url, headers={"Authorization": f"Bearer {access_token}"})
    claims = json_of(provider.name, answer) if answer.ok else None
    if not isinstance(claims, dict):
        raise UpstreamRefused(f"{provider.name} does not tell who you are.", service=provider.slug)
    return claims


def _token_request(provider: Provider, form: Mapping[str, str]) -> Mapping[str, Any]:
    url = metadata(provider)["token_endpoint"]
    answer: requests.Response = call(
        provider.name, "POST", url, data=form, auth=(provider.client_id, provider.client_secret)
    )
    value = json_of(provider.name, answer)
    if answer.ok and isinstance(value, dict):
        return value
    error = value.get("error", "") if isinstance(value, dict) else ""
    if error in GONE[form["grant_type"]]:
        raise CredentialExpired(
            f"Your sign-in at {provider.name} has ended. Sign in again to go on.",
            provider=provider.slug,
        )
    raise UpstreamRefused(f"{provider.name} refused to give a token.", service=provider.slug)


def _tokens(provider: Provider, answer: Mapping[str, Any]) -> Tokens:
    access_token, kind = answer.get("access_token"), answer.get("token_type", "")
    if not isinstance(access_token, str) or not access_token or str(kind).lower() != "bearer":
        raise UpstreamRefused(f"{provider.name} gave no usable token.", service=provider.slug)
    seconds = answer.get("expires_in", 300)
    life = timedelta(seconds=seconds if isinstance(seconds, int) else 300)
    return Tokens(
        access_token=access_token,
        expires_at=timezone.now() + life,
        refresh_token=str(answer.get("refresh_token") or ""),
        id_token=str(answer.get("id_token") or ""),
    )
