"""What a session's Jupyter server answers, as values and errors of the portal's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import quote

import requests

from sessions.backends.jupyterhub_parsing import reason_of
from sessions.backends.running import Entry, EntryKind
from vre_portal.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NoRoom,
    NotFound,
    UpstreamRefused,
    UpstreamUnavailable,
)

SERVICE = "jupyterhub"
PIECE = 256 * 1024
KINDS = {"directory": EntryKind.FOLDER, "notebook": EntryKind.NOTEBOOK}
#: How Jupyter tells of a full disk: the words of Linux, in an answer 500.
FULL = ("No space left on device", "Disk quota exceeded")


def contents(path: str) -> str:
    """Return the address of an entry in the contents API."""
    return f"api/contents/{quote(path)}" if path else "api/contents"


def entry_of(found: Mapping[str, Any]) -> Entry:
    """Return an entry of the contents API's model."""
    changed, size = found.get("last_modified"), found.get("size")
    return Entry(
        name=str(found.get("name", "")),
        path=str(found.get("path", "")),
        kind=KINDS.get(str(found.get("type")), EntryKind.FILE),
        size=size if isinstance(size, int) else None,
        changed_at=datetime.fromisoformat(changed) if changed else None,
        writable=bool(found.get("writable", True)),
    )


def pieces(answer: requests.Response) -> Iterator[bytes]:
    """Yield a body as it comes."""
    try:
        yield from answer.iter_content(PIECE)
    except requests.RequestException as exc:
        raise UpstreamUnavailable("The session stopped sending.", service=SERVICE) from exc


def refuse(answer: requests.Response) -> NoReturn:
    """Raise what an answer of the session's server means."""
    reason = reason_of(answer)
    match answer.status_code:
        case 404 | 424:  # the hub's proxy answers 424 for a server that is not there
            raise NotFound("There is no such thing in the session.", service=SERVICE)
        case 401 | 403:
            raise Forbidden("The session does not let the portal do this.", service=SERVICE)
        case 409:
            raise Conflict(reason or "Something is there already.", service=SERVICE)
        case 400 | 413 | 416:
            raise InvalidRequest(reason or "The session can't do this.", service=SERVICE)
        case 302 | 303:
            raise Forbidden("The session does not let the portal in.", service=SERVICE)
    if any(words in reason for words in FULL):
        raise NoRoom("The session's disk is full. Delete something there first.", service=SERVICE)
    raise UpstreamRefused("The session answered with an error. Try again.", service=SERVICE)
