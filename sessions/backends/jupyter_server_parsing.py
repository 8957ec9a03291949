"""What a session's Jupyter server answers, as values and errors of the portal's own.

Whoever has the session can have it answer anything: nothing here is taken as it comes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from sessions.backends.jupyterhub_parsing import reason_of
from sessions.backends.running import (
    Entry,
    EntryKind,
    Fetch,
    FetchState,
    Usage,
    Volume,
    folders_first,
)
from vre_portal.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NoRoom,
    NotFound,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)

SERVICE = "jupyterhub"
PIECE = 256 * 1024
MAX_REASON = 2_000
#: More than any machine has: no figure from here on is one.
ENDLESS = 1 << 63
KINDS = {"directory": EntryKind.FOLDER, "notebook": EntryKind.NOTEBOOK}
#: How Jupyter tells of a full disk: the words of Linux, in an answer 500.
FULL = ("No space left on device", "Disk quota exceeded")


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError) as exc:
        raise of_another_kind() from exc


def of_another_kind() -> UpstreamRefused:
    """Return the error for an answer that is none."""
    return UpstreamRefused("The session gave an answer of another kind.", service=SERVICE)


def contents(path: str) -> str:
    """Return the address of an entry in the contents API."""
    return f"api/contents/{quote(path)}" if path else "api/contents"


@_understood()
def usage_of(found: Mapping[str, Any]) -> Usage:
    """Return what `vre/usage` tells."""
    cores = found.get("cpu_limit")
    return Usage(
        memory=int(_number(found["memory_bytes"])),
        memory_limit=_whole(found.get("memory_limit_bytes")),
        cpu_percent=_number(found["cpu_percent"]),
        cpu_limit=None if cores is None else _number(cores),
        home=Volume("", _whole(found.get("home_bytes")), _whole(found.get("home_quota_bytes"))),
        projects=tuple(
            Volume(_text(one["name"]), _whole(one.get("bytes")), _whole(one.get("quota_bytes")))
            for one in found.get("projects") or ()
        ),
        kernels=_whole(found.get("kernels")) or 0,
        busy_kernels=_whole(found.get("busy_kernels")) or 0,
        keep_alive=bool(found.get("keep_alive")),
        at=datetime.fromisoformat(found["at"]).astimezone(UTC),
    )


@_understood()
def lines_of(found: Mapping[str, Any]) -> list[str]:
    """Return the lines of `vre/log`."""
    return [_encodable(str(line)) for line in found["lines"]]


@_understood()
def id_of(found: Mapping[str, Any]) -> str:
    """Return the id of what `vre/repository` has begun."""
    return _text(found["id"])


@_understood()
def fetch_of(fetch_id: str, found: Mapping[str, Any]) -> Fetch:
    """Return what `vre/repository` tells of a fetch."""
    texts = {key: _text(found.get(key) or "") for key in ("message", "folder", "commit")}
    # The session tells the file as it was asked for: below the repository.
    path = f"{texts['folder']}/{_text(found['path'])}" if found.get("path") else ""
    return Fetch(fetch_id, FetchState(found["state"]), path=path, **texts)


@_understood()
def entries_of(found: Mapping[str, Any], path: str) -> list[Entry]:
    """Return what the contents API lists in a folder, folders first."""
    listed = found.get("content") or ()
    return folders_first([_entry(one, path, str(one["name"])) for one in listed])


@_understood()
def entry_of(found: Mapping[str, Any], path: str) -> Entry:
    """Return an entry of the contents API; its path is the one that was asked for."""
    folder, _slash, name = path.rpartition("/")
    return _entry(found, folder, name)


def _entry(found: Mapping[str, Any], folder: str, name: str) -> Entry:
    changed = found.get("last_modified")
    return Entry(
        name=name,
        path=f"{folder}/{name}" if folder else name,
        kind=KINDS.get(str(found.get("type")), EntryKind.FILE),
        size=_whole(found.get("size")),
        changed_at=datetime.fromisoformat(changed).astimezone(UTC) if changed else None,
        writable=bool(found.get("writable", True)),
    )


def _number(found: Any) -> float:
    number = float(found)
    if not 0 <= number < ENDLESS:  # NaN is neither
        raise ValueError(number)
    return number


def _whole(found: Any) -> int | None:
    return None if found is None else int(_number(found))


def _text(found: Any) -> str:
    """Return a text that PostgreSQL can keep and a page can hold."""
    text = str(found)
    if "\0" in text or _encodable(text) != text:
        raise ValueError("a sign that is none")
    return text


def _encodable(text: str) -> str:
    """Return a text with a question mark for each half of a surrogate pair."""
    return text.encode(errors="replace").decode()


def pieces(answer: requests.Response, *, until: float) -> Iterator[bytes]:
    """Yield a body as it comes, at the longest until a moment of the monotonic clock."""
    try:
        # Whatever is there, as it is: for a piece of a size, or for one that unpacks to something,
        # a session that drips could be waited for without end.
        while piece := answer.raw.read1(PIECE, decode_content=False):
            yield piece
            if time.monotonic() > until:
                raise UpstreamTimeout("The session sends too slowly. Try again.", service=SERVICE)
    except HTTPError as exc:
        raise UpstreamUnavailable("The session stopped sending.", service=SERVICE) from exc


def reason_in(answer: requests.Response) -> str:
    """Return the session's own words for an error, empty when it has none."""
    try:
        reason = reason_of(answer)
    except RecursionError:
        return ""
    return _encodable(reason.replace("\0", ""))[:MAX_REASON]


def refuse(status: int, reason: str = "") -> NoReturn:
    """Raise what an answer of the session's server means."""
    match status:
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
