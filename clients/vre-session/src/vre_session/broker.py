"""Asks the portal for short-lived tokens of the session's user."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

TIMEOUT_SECONDS = 10.0


class BrokerError(RuntimeError):
    """The portal gave no token; the text says why and what the user can do."""


class Refused(BrokerError):
    """The portal answered and said no: asking again at once would not help."""


@dataclass(frozen=True)
class Token:
    """A token for one service, with the account that the user has there."""

    text: str = field(repr=False)
    expires_at: datetime
    account: str
    service_url: str


def ask(variables: Mapping[str, str], *, audience: str) -> Token:
    """Return a fresh token from the portal, asked for with the session's own hub token.

    Raises
    ------
    BrokerError
        The portal does not answer, or refuses (`Refused`); the text is the portal's own if any.
    """
    request = urllib.request.Request(
        variables["VRE_BROKER_URL"],
        data=json.dumps({"audience": audience}).encode(),
        headers={
            "Authorization": f"token {variables['JUPYTERHUB_API_TOKEN']}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return _token(json.load(answer))
    except urllib.error.HTTPError as exc:
        # Too many calls in a minute is no refusal: the next minute has calls again.
        kind = Refused if exc.code < 500 and exc.code != 429 else BrokerError
        raise kind(_reason(exc)) from exc
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as exc:
        raise BrokerError(f"The portal gave no usable answer ({exc!r})") from exc


def _token(answer: Mapping[str, Any]) -> Token:
    expires_at = answer["expires_at"]
    moment = (
        datetime.fromtimestamp(expires_at, UTC)
        if isinstance(expires_at, int | float)
        else datetime.fromisoformat(expires_at)
    )
    return Token(
        text=answer["access_token"],
        expires_at=moment if moment.tzinfo else moment.replace(tzinfo=UTC),
        account=answer["account"],
        service_url=answer["service_url"],
    )


def _reason(refusal: urllib.error.HTTPError) -> str:
    try:
        problem = json.load(refusal)
        text = problem.get("detail") or problem.get("title")
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        text = None
    return f"The portal answers {refusal.code}: {text or refusal.reason}"
