"""A file as an answer: whole or a part of it, with its checksum, and never whole when it is not."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass

from data_mgmt.backends import FileEntry
from data_mgmt.file_names import file_name
from vre_portal.download_parts import (
    NOT_MODIFIED,
    OK,
    PARTIAL,
    Answer,
    Prepared,
    Wanted,
    damaged,
    saved_as,
)
from vre_portal.errors import RangeNotSatisfiable
from vre_portal.racing import in_thread
from vre_portal.ranges import NotSatisfiable, Span, span_of
from vre_portal.remote_bytes import Damaged, RemoteBytes, verified

#: Nothing is known of what is in it, and no browser shall guess.
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request for a file is answered: status, headers, and which of its bytes."""

    status: int
    headers: Mapping[str, str]
    part: Span


async def send_file(
    wanted: Wanted, prepared: Prepared, file: FileEntry, remote: RemoteBytes, answer: Answer
) -> None:
    """Answer with a file, or with the part of it that is asked for."""
    try:
        reply = reply_to(wanted, file)
    except NotSatisfiable:
        error = RangeNotSatisfiable(f"The file ends before that: it has {file.bytes} bytes.")
        await answer.refuse(error, {"Content-Range": f"bytes */{file.bytes}"})
        return
    if wanted.is_head or reply.status == NOT_MODIFIED:
        await answer.start(reply.status, reply.headers)
        await answer.end()
        return
    try:
        await _pass_on(remote, file, reply, answer)
    except Damaged as exc:
        await in_thread(lambda: prepared.damaged(file.did, sorted(remote.given)))
        raise damaged(file) from exc


async def _pass_on(remote: RemoteBytes, file: FileEntry, reply: Reply, answer: Answer) -> None:
    part = reply.part
    chunks = remote.read(part.start, part.end)
    if (part.start, part.end) == (0, file.bytes):
        chunks = verified(chunks, file)
    async with aclosing(chunks) as coming:
        # Until the first bytes are here a fault can still be told with its status.
        first = await anext(coming, b"")
        await answer.start(reply.status, reply.headers)
        if first:
            await answer.part(first)
        async for chunk in coming:
            await answer.part(chunk)
    await answer.end()


def reply_to(wanted: Wanted, file: FileEntry) -> Reply:
    """Return how a request for a file is answered; raises `NotSatisfiable`."""
    return reply_with(wanted, headers_of(file), file.bytes)


def reply_with(wanted: Wanted, told: Mapping[str, str], size: int) -> Reply:
    """Return how a request is answered for a file of so many bytes with these headers."""
    headers, whole = dict(told), Span(0, size)
    etag = headers.get("ETag", "")
    if etag and etag in _tags(wanted.header("If-None-Match")):
        kept = {name: headers[name] for name in ("ETag", "Cache-Control")}
        return Reply(NOT_MODIFIED, kept, whole)
    span = _span(wanted, size, etag)
    part = span or whole
    headers["Content-Length"] = str(part.end - part.start)
    if span is None:
        return Reply(OK, headers, whole)
    headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    return Reply(PARTIAL, headers, span)


def headers_of(file: FileEntry) -> dict[str, str]:
    """Return the headers of a file, whichever part of it is sent."""
    headers = {**saved_as(file_name(file.did), UNKNOWN), "Accept-Ranges": "bytes"}
    if file.adler32:
        headers["ETag"] = f'"{file.adler32}-{file.bytes}"'
        # The checksum is of the whole file: in the words of RFC 9530, and as grid tools read it.
        encoded = base64.b64encode(bytes.fromhex(file.adler32)).decode()
        headers["Repr-Digest"] = f"adler=:{encoded}:"
        headers["Digest"] = f"adler32={file.adler32}"
    return headers


def _span(wanted: Wanted, size: int, etag: str) -> Span | None:
    asked, only_if = wanted.header("Range"), wanted.header("If-Range")
    # A date never fits: the catalogue has none of the file's last change, and ours are not told.
    if not asked or (only_if and only_if.strip() != etag):
        return None
    return span_of(asked, size)


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
