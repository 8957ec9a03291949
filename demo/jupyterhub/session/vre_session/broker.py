"""Asks the portal for short-lived tokens and keeps them in files that only the user reads."""

from __future__ import annotations

import json
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 10.0
RENEW_AT = 0.7
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0


class BrokerError(RuntimeError):
    """The portal gave no token; the text says why and what the user can do."""


class Refused(BrokerError):
    """The portal answered and said no: asking again at once would not help."""


@dataclass(frozen=True)
class Token:
    """A token for one service, with the account that the user has there."""

    text: str
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
        kind = Refused if exc.code < 500 else BrokerError
        raise kind(_reason(exc)) from exc
    except (OSError, ValueError, KeyError) as exc:
        raise BrokerError(f"The portal gave no usable answer ({exc!r})") from exc


def save(token: Token, folder: Path, *, audience: str) -> None:
    """Write the token's file whole or not at all, for its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=folder, prefix=f".{audience}-")  # made with 0600
    with os.fdopen(descriptor, "w") as stream:
        stream.write(token.text)
    Path(part).replace(folder / audience)


def renew_in(token: Token, now: datetime) -> float:
    """Return the seconds until the token should be renewed: at 70 % of the life that is left."""
    return max(RENEW_AT * (token.expires_at - now).total_seconds(), FIRST_PAUSE)


def pause_after(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row."""
    return min(FIRST_PAUSE * 2.0 ** (failures - 1), LONGEST_PAUSE)


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
    except (ValueError, AttributeError):
        text = None
    return f"The portal answers {refusal.code}: {text or refusal.reason}"
