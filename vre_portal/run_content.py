"""What runs gave, as downloads: a raw ASGI app before Django passes files on as they come.

Caller, run and embargo are checked first, in a thread, and again while bytes flow. A folder becomes
a ZIP here, from one file after the other: the workflow service would pack it on its own disk first.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from accounts.callers import caller_of
from reproducibility.services import run_contents
from reproducibility.services.run_contents import Content, Pack
from reproducibility.services.runs import find_run
from vre_portal.download_parts import NOT_MODIFIED, OK, PARTIAL, Answer, Wanted, saved_as
from vre_portal.errors import PortalError, RangeNotSatisfiable
from vre_portal.file_answers import UNKNOWN, reply_with
from vre_portal.pulled_bytes import Readers, pulled, whole
from vre_portal.racing import ASK_AGAIN_SECONDS, asked_again, first_of, in_thread, left
from vre_portal.ranges import NotSatisfiable
from vre_portal.raw_asgi import App, Receive, Scope, Send
from vre_portal.raw_requests import request_of
from vre_portal.zip_answers import TYPE
from vre_portal.zip_out import ZipOut, length_of

log = logging.getLogger(__name__)

AREA = "workflows"
#: Files that are read from the workflow service at the same time, by a server process.
READERS = 64
_RUN = r"/api/v1/runs/(?P<pk>[0-9a-fA-F-]{36})"
#: What is downloaded -> at which address.
ADDRESSES = {
    "content": re.compile(rf"{_RUN}/files/content"),
    "archive": re.compile(rf"{_RUN}/archive"),
}


@dataclass(frozen=True, slots=True)
class Ready:
    """What may be sent; `ask_again` raises once its reader may not have it any more."""

    what: Content | Pack
    ask_again: Callable[[], object]


class RunContent:
    """Serves the files of runs and leaves everything else to the app behind it."""

    def __init__(self, app: App, *, every: float = ASK_AGAIN_SECONDS) -> None:
        self._app, self._every = app, every
        self._readers = Readers(READERS, "run-bytes")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = _asked(scope)
        request = request_of(scope) if found else None
        if found is None or request is None:
            await self._app(scope, receive, send)
            return
        part, pk = found
        await first_of(left(receive), self._serve(pk, Wanted(part, request), Answer(send)))

    async def _serve(self, pk: str, wanted: Wanted, answer: Answer) -> None:
        """Send it, or a problem when it can't start; what ends it later cuts it."""
        try:
            ready = await in_thread(partial(prepare, pk, wanted))
            sending = self._send(ready.what, wanted, answer)
            await first_of(sending, asked_again(ready.ask_again, every=self._every))
        except PortalError as exc:
            level = logging.WARNING if exc.status >= 500 else logging.INFO
            log.log(level, "%s of run %s: %s (%r)", wanted.part, pk, exc.message, exc.__cause__)
            await answer.refuse(exc)

    async def _send(self, what: Content | Pack, wanted: Wanted, answer: Answer) -> None:
        if isinstance(what, Pack):
            await self._send_pack(what, answer, is_head=wanted.is_head)
        else:
            await self._send_file(what, wanted, answer)

    async def _send_file(self, content: Content, wanted: Wanted, answer: Answer) -> None:
        size = content.entry.size
        try:
            reply = reply_with(wanted, headers_of(content), size)
        except NotSatisfiable:
            error = RangeNotSatisfiable(f"The file ends before that: it has {size} bytes.")
            await answer.refuse(error, {"Content-Range": f"bytes */{size}"})
            return
        if wanted.is_head or reply.status == NOT_MODIFIED:
            await answer.start(reply.status, reply.headers)
            await answer.end()
            return
        part = reply.part
        if reply.status == PARTIAL:
            parts = pulled(self._readers, content.opened, start=part.start, end=part.end)
        else:
            parts = self._whole(content)
        await _pass_on(parts, reply.status, reply.headers, answer)

    async def _send_pack(self, pack: Pack, answer: Answer, *, is_head: bool) -> None:
        headers = saved_as(f"{pack.name}.zip", TYPE)
        length = length_of((path, content.entry.size) for path, content in pack.files)
        headers |= {"Content-Length": str(length), "Accept-Ranges": "none"}
        if is_head:
            await answer.start(OK, headers)
            await answer.end()
            return
        await _pass_on(self._packed(pack), OK, headers, answer)

    async def _packed(self, pack: Pack) -> AsyncGenerator[bytes]:
        with ZipOut() as out:
            for path, content in pack.files:
                if content.run.inputs:
                    await in_thread(content.check)
                head = out.begin(path)
                async with aclosing(self._whole(content)) as pieces:
                    async for piece in pieces:
                        yield head + out.add(piece) if head else out.add(piece)
                        head = b""
                yield head + out.end()
            yield out.close()

    def _whole(self, content: Content) -> AsyncGenerator[bytes]:
        entry = content.entry
        return whole(self._readers, content.opened, size=entry.size, sha256=entry.sha256)

    def close(self) -> None:
        """Let the reading threads end."""
        self._readers.close()


async def _pass_on(
    parts: AsyncGenerator[bytes], status: int, headers: Mapping[str, str], answer: Answer
) -> None:
    async with aclosing(parts):
        # Until the first bytes are here a fault can still be told with its status.
        first = await anext(parts, b"")
        await answer.start(status, headers)
        if first:
            await answer.part(first)
        async for part in parts:
            await answer.part(part)
    await answer.end()


def _asked(scope: Scope) -> tuple[str, str] | None:
    """Return what is asked for and of which run; None is for Django."""
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return None
    for part, address in ADDRESSES.items():
        if found := address.fullmatch(scope["path"]):
            return part, found["pk"]
    return None


def prepare(pk: str, wanted: Wanted) -> Ready:
    """Find out who asks, whether the run is theirs, and what they get of it."""
    caller = caller_of(wanted.request, area=AREA)
    path = wanted.request.GET.get("path", "")
    ask = run_contents.content if wanted.part == "content" else run_contents.pack
    what = ask(caller.user, pk, path)

    def ask_again() -> None:
        caller.ask_again()
        find_run(caller.user, pk)
        if isinstance(what, Content):
            what.check()

    return Ready(what, ask_again)


def headers_of(content: Content) -> dict[str, str]:
    """Return the headers of a file: it is saved, never shown, whatever is in it."""
    headers = {**saved_as(content.entry.name, UNKNOWN), "Accept-Ranges": "bytes"}
    if content.etag:
        headers["ETag"] = content.etag
        # The checksum of the whole file, in the words of RFC 9530.
        digest = base64.b64encode(bytes.fromhex(content.entry.sha256)).decode()
        headers["Repr-Digest"] = f"sha-256=:{digest}:"
    return headers
