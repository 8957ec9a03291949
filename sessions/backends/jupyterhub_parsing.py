"""JupyterHub's JSON and event stream as values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import requests

from sessions.backends import Outcome, Progress, Server, ServerState

FAILED_PREFIX = "Spawn failed: "
#: How JupyterHub writes a spawner's own refusal, whose words follow.
EXCEPTION = re.compile(r"^\d{3} \w*Exception\([^)]*\): ")
#: The hub's own words for a server that stays silent hold an address that means nothing to people.
SILENT = re.compile(r".*didn't respond in (\d+) seconds.*", re.DOTALL)


def server_of(handle: str, found: Mapping[str, Any]) -> Server:
    """Return one server of the hub's user or server model."""
    options = found.get("user_options") or {}
    return Server(
        handle=handle,
        name=str(found.get("name", "")),
        state=_state(found),
        url=str(found.get("url") or ""),
        started_at=_time(found.get("started")),
        last_activity=_time(found.get("last_activity")),
        options={str(key): str(value) for key, value in options.items()},
    )


def _state(found: Mapping[str, Any]) -> ServerState:
    if found.get("pending") == "stop":
        return ServerState.STOPPING
    if found.get("pending"):
        return ServerState.STARTING
    return ServerState.READY if found.get("ready") else ServerState.STOPPED


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def browser_uses(found: Mapping[str, Any], place: str) -> Iterator[datetime]:
    """Yield when browsers used a server (`handle/name`), each by a token of its own.

    Only what a browser has got by signing in belongs to a login session of the hub.
    """
    for token in found.get("api_tokens") or ():
        used = _time(token.get("last_activity") or token.get("created"))
        opens = f"access:servers!server={place}" in (token.get("scopes") or ())
        if used is not None and opens and token.get("session_id"):
            yield used


def progress_events(lines: Iterable[bytes]) -> Iterator[Progress | None]:
    """Yield an event for each data line, and None for the lines that only keep the stream open."""
    for line in lines:
        if not line.startswith(b"data:"):
            yield None
            continue
        try:
            found = json.loads(line[5:])
        except ValueError:
            yield None
            continue
        yield _progress(found)
        if found.get("ready") or found.get("failed"):
            return


def _progress(found: Mapping[str, Any]) -> Progress:
    outcome = (
        Outcome.READY
        if found.get("ready")
        else Outcome.FAILED
        if found.get("failed")
        else Outcome.WORKING
    )
    message = str(found.get("message") or "").removeprefix(FAILED_PREFIX).strip()
    message = EXCEPTION.sub("", message)
    message = SILENT.sub(r"Its server did not answer within \1 seconds.", message)
    percent = min(max(int(found.get("progress") or 0), 0), 100)
    return Progress(percent, message, outcome, str(found.get("url") or ""))


def reason_of(answer: requests.Response) -> str:
    """Return the hub's own words for an error, empty when it has none."""
    if answer.ok:
        return ""
    try:
        found = answer.json()
    except ValueError:
        return ""
    message = found.get("message") if isinstance(found, dict) else None
    return message.strip() if isinstance(message, str) else ""
