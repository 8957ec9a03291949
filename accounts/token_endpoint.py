"""Every call to a provider that carries a code or a token: redeem, refresh, exchange, revoke."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import requests
from django.utils import timezone

from accounts.discovery import MAX_BYTES, metadata
from accounts.providers import Provider
from vre_portal.errors import CredentialExpired, UpstreamRefused
from vre_portal.health import NAMES
from vre_portal.http import call, json_of

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type, RFC 8693
#: What says that a sign-in is over; RFC 8693 (2.2.2) has no word of its own for a dead subject.
GONE: Mapping[str, frozenset[str]] = {
    "authorization_code": frozenset({"invalid_grant"}),
    "refresh_token": frozenset({"invalid_grant", "invalid_token"}),
    EXCHANGE: frozenset({"invalid_grant", "invalid_token", "invalid_request"}),
}
#: What a provider says that knows no token exchange, or not for this portal (RFC 6749, 5.2).
NO_EXCHANGE = frozenset({"unsupported_grant_type", "unauthorized_client"})
DEFAULT_SECONDS = 300
LONGEST_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint answered."""

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)


def redeem(provider: Provider, *, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """Return the tokens for an authorization code (RFC 6749 4.1.3, RFC 7636)."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return _tokens(provider, _ask(provider, form | {"code_verifier": verifier}))


def refresh(provider: Provider, refresh_token: str) -> Tokens:
    """Return new tokens for a refresh token.

    Raises
    ------
    CredentialExpired
        The provider takes the refresh token no longer.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _tokens(provider, _ask(provider, form))


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
    return _tokens(provider, _ask(provider, form))


def revoke(provider: Provider, refresh_token: str) -> None:
    """Tell the provider that a refresh token is no longer needed (RFC 7009), where it listens."""
    url = metadata(provider).get("revocation_endpoint")
    if url:
        form = {"token": refresh_token, "token_type_hint": "refresh_token"}
        _post(provider, url, form)


def userinfo(provider: Provider, access_token: str) -> requests.Response | None:
    """Return the answer of the userinfo endpoint, None where the provider has none."""
    url = metadata(provider).get("userinfo_endpoint")
    if not url:
        return None
    bearer = {"Authorization": f"Bearer {access_token}"}
    answer = call(provider.name, "GET", url, headers=bearer, max_bytes=MAX_BYTES)
    if answer.status_code != requests.codes.ok:
        raise UpstreamRefused(f"{provider.name} does not tell who you are.", service=provider.slug)
    return answer


def _post(provider: Provider, url: str, form: Mapping[str, str]) -> requests.Response:
    methods = metadata(provider).get("token_endpoint_auth_methods_supported")
    # Basic is what everybody must offer (OpenID Connect Core 1.0, 9) unless it says otherwise.
    if isinstance(methods, list) and "client_secret_basic" not in methods:
        told = {"client_id": provider.client_id, "client_secret": provider.secret}
        return call(provider.name, "POST", url, data={**form, **told}, max_bytes=MAX_BYTES)
    # Either is encoded before it is joined to the other (RFC 6749, 2.3.1).
    auth = (quote_plus(provider.client_id), quote_plus(provider.secret))
    return call(provider.name, "POST", url, data=form, auth=auth, max_bytes=MAX_BYTES)


def _ask(provider: Provider, form: Mapping[str, str]) -> Mapping[str, Any]:
    answer = _post(provider, metadata(provider)["token_endpoint"], form)
    value = json_of(provider.name, answer)
    if answer.status_code == requests.codes.ok and isinstance(value, dict):
        return value
    told = value.get("error") if isinstance(value, dict) else ""
    error = told if isinstance(told, str) else ""
    if error in GONE[form["grant_type"]]:
        raise CredentialExpired(
            f"Your sign-in at {provider.name} has ended. Sign in again to go on.",
            provider=provider.slug,
        )
    if form["grant_type"] == EXCHANGE and error in NO_EXCHANGE:
        name = NAMES.get(form["audience"], form["audience"])
        raise UpstreamRefused(
            f"{provider.name} gives no token for {name}: it exchanges none for this portal. To use "
            f"{name}, sign in through another provider, or ask the operators.",
            service=provider.slug,
        )
    raise UpstreamRefused(f"{provider.name} refused to give a token.", service=provider.slug)


def _tokens(provider: Provider, answer: Mapping[str, Any]) -> Tokens:
    access_token = _text(answer.get("access_token"))
    if not access_token or str(answer.get("token_type")).lower() != "bearer":
        raise UpstreamRefused(f"{provider.name} gave no usable token.", service=provider.slug)
    return Tokens(
        access_token=access_token,
        expires_at=timezone.now() + _life(answer.get("expires_in")),
        refresh_token=_text(answer.get("refresh_token")),
        id_token=_text(answer.get("id_token")),
    )


def _text(token: object) -> str:
    """Return a token, empty where it is none: they are printable ASCII (RFC 6749, appendix A)."""
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else ""


def _life(seconds: object) -> timedelta:
    """Return how long a token lives; some providers tell the seconds as a text."""
    if isinstance(seconds, str) and re.fullmatch(r"[0-9]{1,12}", seconds):
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds <= 0:
        seconds = DEFAULT_SECONDS
    return timedelta(seconds=min(seconds, LONGEST_SECONDS))
