"""From REANA's refusals to the portal's errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

import requests
from urllib3.exceptions import HTTPError

from reproducibility.backends.values import NotOffered
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    CredentialExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    RangeNotSatisfiable,
    TokenWanted,
    UpstreamRefused,
    UpstreamUnavailable,
)
from vre_portal.http import retry_after_of

SERVICE = "reana"
NAME = "REANA"
MOST_BYTES, MOST_TEXT = 1 << 16, 300
#: What REANA says with these is meant for people; with 5xx it is an exception's own text.
KINDS: Mapping[int, type[PortalError]] = {
    400: InvalidRequest, 403: Forbidden, 404: NotFound, 409: Conflict, 411: InvalidRequest,
    413: QuotaExceeded, 416: RangeNotSatisfiable,
}  # fmt: skip
NOT_THERE = {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
#: How servers say that they have no such address, where 404 may be a workflow's absence too.
NO_ADDRESS = ("requested url was not found", "does not offer")


def error_of(answer: requests.Response) -> PortalError:
    """Return what a refusal means to the user."""
    status, said = answer.status_code, _message(answer)
    if status == HTTPStatus.UNAUTHORIZED or (
        status == HTTPStatus.FORBIDDEN and "token" in said.lower()
    ):
        return token_refused()
    if status == HTTPStatus.FORBIDDEN and "quota" in said.lower():
        return QuotaExceeded(f"{NAME} says: {said}", service=SERVICE)
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR}:
        return UpstreamUnavailable(
            f"{NAME} can't do this at the moment. Try again in a minute.",
            service=SERVICE,
            retry_after=retry_after_of(answer),
        )
    if status in NOT_THERE or any(words in said.lower() for words in NO_ADDRESS):
        return NotOffered(f"This {NAME} does not offer that.", service=SERVICE)
    text = f"{NAME} says: {said}" if said else f"{NAME} refused this with the code {status}."
    return KINDS.get(status, UpstreamRefused)(text, service=SERVICE)


def token_refused() -> CredentialExpired:
    """Return the error of somebody whose token REANA does not accept."""
    if get_config().reana_tokens == "stored":
        return TokenWanted(
            f"{NAME} does not accept your token. Paste a new one on the page of your accounts and "
            "services.",
            service=SERVICE,
        )
    return CredentialExpired(
        f"{NAME} no longer accepts your sign-in. Sign in again.", provider="", service=SERVICE
    )


def _message(answer: requests.Response) -> str:
    """Return what REANA says; of a list, as with secrets that are not there, its members."""
    try:
        told = json.loads(next(answer.iter_content(MOST_BYTES), b""))
    except (ValueError, RecursionError, requests.RequestException, HTTPError):
        return ""
    if isinstance(told, list):
        names = ", ".join(each for each in told if isinstance(each, str))
        return f"not found: {names}"[:MOST_TEXT] if names else ""
    said = told.get("message") if isinstance(told, dict) else None
    return said[:MOST_TEXT] if isinstance(said, str) else ""
