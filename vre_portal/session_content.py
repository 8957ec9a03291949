"""Files of sessions as downloads: a raw ASGI app before Django passes their bytes on as they come.

Caller and session are checked first, in a thread, and again while bytes flow. Nothing is kept: a
client that reads slowly stops the reading, and one that leaves ends it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import aiohttp
from yarl import URL

from accounts.callers import caller_of
from sessions import services
from sessions.services import files
from sessions.services.files import Content
from vre_portal.client_sessions import ClientSessions
from vre_portal.download_parts import NOT_MODIFIED, OK, PARTIAL, Answer, Wanted, saved_as
from vre_portal.errors import NotFound, PortalError, RangeNotSatisfiable, UpstreamUnavailable
from vre_portal.file_answers import UNKNOWN, Reply, reply_with
from vre_portal.logs import request_id
from vre_portal.racing import ASK_AGAIN_SECONDS, asked_again, first_of, in_thread, left
from vre_portal.ranges import NotSatisfiable
from vre_portal.raw_asgi import App, Receive, Scope, Send
from vre_portal.raw_requests import request_of

log = logging.getLogger(__name__)

AREA, SERVICE = "sessions", "jupyterhub"
CONNECTIONS = 256
ADDRESS = re.compile(r"/api/v1/sessions/(?P<pk>[0-9a-fA-F-]{36})/files/content")


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that may be sent; `ask_again` raises once its reader may not have it any more."""

    content: Content
    ask_again: Callable[[], object]


class SessionContent:
    """Serves the files of sessions and leaves everything else to the app behind it."""

    def __init__(self, app: App, *, every: float = ASK_AGAIN_SECONDS) -> None:
        self._app, self._every = app, every
        self._sessions = ClientSessions(CONNECTIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        found = ADDRESS.fullmatch(scope["path"]) if asked else None
        request = request_of(scope) if found else None
        if found is None or request is None:
            await self._app(scope, receive, send)
            return
        wanted = Wanted("content", request)
        await first_of(left(receive), self._serve(found["pk"], wanted, Answer(send)))

    async def _serve(self, pk: str, wanted: Wanted, answer: Answer) -> None:
        """Send it, or a problem when it can't start; what ends it later cuts it."""
        try:
            ready = await in_thread(partial(prepare, pk, wanted))
            sending = self._send(ready.content, wanted, answer)
            await first_of(sending, asked_again(ready.ask_again, every=self._every))
        except PortalError as exc:
            level = logging.WARNING if exc.status >= 500 else logging.INFO
            log.log(level, "file of session %s: %s (%r)", pk, exc.message, exc.__cause__)
            await answer.refuse(exc)

    async def _send(self, content: Content, wanted: Wanted, answer: Answer) -> None:
        try:
            reply = reply_with(wanted, headers_of(content), content.size)
        except NotSatisfiable:
            error = RangeNotSatisfiable(f"The file ends before that: it has {content.size} bytes.")
            await answer.refuse(error, {"Content-Range": f"bytes */{content.size}"})
            return
        if wanted.is_head or reply.status == NOT_MODIFIED or not content.size:
            await answer.start(reply.status, reply.headers)
            await answer.end()
            return
        async with _told_plainly(), self._open(content, reply) as upstream:
            _check(upstream, content, reply)
            await answer.start(reply.status, reply.headers)
            # Pieces as they come: whatever joins them copies them once more.
            async for chunk, _end in upstream.content.iter_chunks():
                await answer.part(chunk)
        await answer.end()

    @asynccontextmanager
    async def _open(self, content: Content, reply: Reply) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {**content.source.headers, "Accept-Encoding": "identity"}
        headers["X-Request-Id"] = request_id.get()
        if reply.status == PARTIAL:
            headers["Range"] = f"bytes={reply.part.start}-{reply.part.end - 1}"
        # The address is quoted already; a second time would change names.
        address = URL(content.source.url, encoded=True)
        async with self._sessions.get().get(
            address, headers=headers, allow_redirects=False
        ) as upstream:
            yield upstream

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._sessions.close()


def prepare(pk: str, wanted: Wanted) -> Ready:
    """Find out who asks, whether the session is theirs, and where the file is."""
    caller = caller_of(wanted.request, area=AREA)
    session = services.get(caller.user, pk)
    content = files.content(session, wanted.request.GET.get("path", ""))

    def ask_again() -> None:
        caller.ask_again()
        services.get(caller.user, pk)

    return Ready(content, ask_again)


def headers_of(content: Content) -> Mapping[str, str]:
    """Return the headers of a file: it is saved, never shown, whatever is in it."""
    headers = {**saved_as(content.entry.name, UNKNOWN), "Accept-Ranges": "bytes"}
    return {**headers, "ETag": content.etag} if content.etag else headers


def _check(upstream: aiohttp.ClientResponse, content: Content, reply: Reply) -> None:
    """Refuse an answer that is another part, or one of a file that has changed meanwhile."""
    if upstream.status == 404:
        raise NotFound("There is no such thing in the session.", service=SERVICE)
    part, size = reply.part, content.size
    length = upstream.headers.get("Content-Length", "")
    good = upstream.status == reply.status and length == str(part.end - part.start)
    if good and reply.status == PARTIAL:
        told = upstream.headers.get("Content-Range", "")
        # Jupyter tells a range that is the whole file as one, too.
        good = told == f"bytes {part.start}-{part.end - 1}/{size}"
    if not good and not (upstream.status == OK and length == str(size) == str(part.end)):
        words = "The file changed while it was read. Try again."
        raise UpstreamUnavailable(words, service=SERVICE)


@asynccontextmanager
async def _told_plainly() -> AsyncIterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as exc:
        words = "The session stopped sending. Try again."
        raise UpstreamUnavailable(words, service=SERVICE) from exc
