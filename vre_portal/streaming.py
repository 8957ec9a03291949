"""Lists that stream: a raw ASGI app before Django that passes Rucio's NDJSON on, bytes untouched.

Caller and credential are checked first, in a thread, and the caller again while the list runs. No
Python object is made a row: chunks go from aiohttp to the client as they come, and waiting for a
slow client stops the reading (memory stays bounded). Whoever leaves ends the upstream request.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from django.http import HttpRequest
from yarl import URL

from accounts.callers import caller_of
from accounts.credentials import Credential, credential_for
from data_mgmt import index_rows
from data_mgmt.backends import Did, Source, get_backend
from data_mgmt.forms import SearchQuery
from vre_portal import raw_asgi
from vre_portal.client_sessions import ClientSessions
from vre_portal.errors import (
    InvalidRequest,
    NotFound,
    PortalError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from vre_portal.health import is_down
from vre_portal.logs import request_id
from vre_portal.racing import ASK_AGAIN_SECONDS, asked_again, first_of, in_thread, left
from vre_portal.raw_asgi import App, Receive, Scope, Send
from vre_portal.raw_requests import request_of

log = logging.getLogger(__name__)

NDJSON = "application/x-ndjson"
SERVICE = "rucio"
AREA = "data"
MAX_ERROR = 64 * 1024
CONNECTIONS = 64
UNAUTHORIZED = 401
SETTLE_SECONDS = 0.3
#: After so few bytes more are let gather for a moment, at first and at most; a short list is over
#: before it has waited for anything.
ENOUGH = 32 * 1024
FIRST_GATHER_SECONDS, GATHER_SECONDS = 0.0005, 0.01
_OF_DID = r"/api/v1/data/dids/(?P<scope>[^/]+)/(?P<name>.+)"
#: What streams -> at which address.
ADDRESSES = {
    "scopes": re.compile(r"/api/v1/data/scopes"),
    "dids": re.compile(r"/api/v1/data/dids"),
    "contents": re.compile(rf"{_OF_DID}/contents"),
    "files": re.compile(rf"{_OF_DID}/files"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks to stream."""

    part: str
    query: dict[str, str]
    request: HttpRequest
    did: Did | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Lines that are known already, or where they come from, and for whom."""

    credential: Credential | None = None
    source: Source | None = None
    lines: bytes = b""
    #: Parts that are made one after the other, each when the one before was taken.
    parts: Iterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A stream that may start; `ask_again` raises once its reader may not act any more."""

    rows: Rows
    ask_again: Callable[[], object]


class Streams:
    """Serves the streams itself and leaves everything else to the app behind it."""

    def __init__(
        self,
        app: App,
        *,
        prepare: Callable[[Wanted], Prepared] | None = None,
        every: float = ASK_AGAIN_SECONDS,
    ) -> None:
        self._app, self._prepare, self._every = app, prepare or prepare_stream, every
        self._sessions = ClientSessions(CONNECTIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        wanted = wanted_of(scope)
        if wanted is None:
            await self._app(scope, receive, send)
            return
        await first_of(left(receive), self._serve(wanted, Answer(send)))

    async def _serve(self, wanted: Wanted, answer: Answer) -> None:
        """Send the stream, or a problem when it can't start; what ends it later cuts it."""
        try:
            prepared = await in_thread(lambda: self._prepare(wanted))
            rows = prepared.rows
            if rows.parts is not None:
                made = _make(rows.parts, answer)
                await first_of(made, asked_again(prepared.ask_again, every=self._every))
                return
            if rows.source is None or rows.credential is None:
                await answer.rows(rows.lines)
                await answer.end()
                return
            passing_on = self._pass_on(wanted, rows.credential, rows.source, answer)
            await first_of(passing_on, asked_again(prepared.ask_again, every=self._every))
        except PortalError as exc:
            level = logging.WARNING if exc.status >= 500 else logging.INFO
            log.log(level, "stream of %s: %s (cause: %r)", wanted.part, exc.message, exc.__cause__)
            await answer.refuse(exc)

    async def _pass_on(
        self, wanted: Wanted, credential: Credential, source: Source, answer: Answer
    ) -> None:
        async with _told_plainly(), await self._open(source) as upstream:
            if upstream.status >= 400:
                text = await upstream.content.read(MAX_ERROR)
                kind = upstream.headers.get("ExceptionClass", "")
                # In a thread: what Rucio does not know is checked by way of cache and broker.
                raise await in_thread(
                    lambda: get_backend().refusal(credential, upstream.status, kind, text)
                )
            # Until the first bytes are here a fault can still be told with its status.
            chunk = await upstream.content.readany()
            if not chunk and wanted.part == "dids":
                await in_thread(lambda: _scope_exists(credential, wanted.query["scope"]))
            pause = FIRST_GATHER_SECONDS
            while chunk:
                await answer.rows(chunk)
                if len(chunk) < ENOUGH:
                    await _let_gather(upstream, pause)
                    pause = min(2 * pause, GATHER_SECONDS)
                chunk = await upstream.content.readany()
        await answer.end()

    async def _open(self, source: Source) -> aiohttp.ClientResponse:
        asking = {**source.headers, "Accept-Encoding": "identity"}
        asking["X-Request-Id"] = request_id.get()
        # The address is quoted already; a second time would change names.
        address = URL(source.url, encoded=True)
        answer = await self._sessions.get().get(address, headers=asking, allow_redirects=False)
        if answer.status != UNAUTHORIZED:
            return answer
        # Rucio refuses a new token that several requests bring at once; soon it knows it.
        answer.close()
        await asyncio.sleep(SETTLE_SECONDS)
        return await self._sessions.get().get(address, headers=asking, allow_redirects=False)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._sessions.close()


async def _let_gather(upstream: aiohttp.ClientResponse, seconds: float) -> None:
    """Leave what comes next to the kernel for a moment.

    Rucio sends row by row: read as it comes, each costs a wake-up of the loop and a write.
    """
    connection = upstream.connection
    if connection is None or connection.protocol is None:
        return  # all of it is here
    connection.protocol.pause_reading()
    try:
        await asyncio.sleep(seconds)
    finally:
        connection.protocol.resume_reading()


class Answer:
    """What goes to the client: rows, then an end that tells that the list is whole."""

    def __init__(self, send: Send) -> None:
        self._send, self._begun = send, False

    async def rows(self, chunk: bytes) -> None:
        """Send some rows."""
        await self._begin()
        await raw_asgi.body(self._send, chunk, more=True)

    async def end(self) -> None:
        """Say that these were all."""
        await self._begin()
        await raw_asgi.body(self._send, b"", more=False)

    async def refuse(self, error: PortalError) -> None:
        """Tell what was wrong; a list that has begun is left without its end instead."""
        if not self._begun:
            await raw_asgi.problem(self._send, error)

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            told = {"Content-Type": NDJSON, "X-Accel-Buffering": "no"}
            await raw_asgi.start(self._send, 200, told)


async def _make(parts: Iterator[bytes], answer: Answer) -> None:
    while (part := await in_thread(lambda: next(parts, None))) is not None:
        await answer.rows(part)
    await answer.end()


@asynccontextmanager
async def _told_plainly() -> AsyncIterator[None]:
    try:
        yield
    except TimeoutError as exc:
        raise UpstreamTimeout("Rucio did not answer in time. Try again.", service=SERVICE) from exc
    except aiohttp.ClientError as exc:
        raise _down() from exc


def wanted_of(scope: Scope) -> Wanted | None:
    """Return what a request asks to stream; None is for Django, also to refuse or redirect it."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    found = [(part, it.fullmatch(scope["path"])) for part, it in ADDRESSES.items()]
    part, match = next((one for one in found if one[1]), ("", None))
    if match is None:
        return None
    request = request_of(scope)
    if request is None:
        return None
    query = {name: str(request.GET[name]) for name in request.GET}
    if query.get("stream") != "1" and NDJSON not in request.headers.get("Accept", ""):
        return None
    parts = match.groupdict()
    did = Did(parts["scope"], parts["name"]) if "scope" in parts else None
    return Wanted(part, query, request, did)


def prepare_stream(wanted: Wanted) -> Prepared:
    """Find out who asks, whether they may, with which credential, and where the rows are."""
    caller = caller_of(wanted.request, area=AREA)
    text = index_rows.asked(wanted.query) if wanted.part == "dids" else None
    if text is not None:
        cursor = wanted.query.get("after") or wanted.query.get("cursor") or ""
        rows = Rows(parts=index_rows.lines(caller.user, text, cursor))
        return Prepared(rows, caller.ask_again)
    if is_down(SERVICE):
        raise _down()
    return Prepared(rows_for(credential_for(caller.user, SERVICE), wanted), caller.ask_again)


def rows_for(credential: Credential, wanted: Wanted) -> Rows:
    """Find out where the rows are for somebody who may have them."""
    backend = get_backend()
    if wanted.part == "scopes":
        rows = (json.dumps({"scope": scope}) + "\n" for scope in backend.list_scopes(credential))
        return Rows(credential, lines="".join(rows).encode())
    if wanted.did is not None:
        source_of = backend.contents_source if wanted.part == "contents" else backend.files_source
        return Rows(credential, source_of(credential, wanted.did))
    query = SearchQuery.of(wanted.query)
    if query.filters:
        raise InvalidRequest(
            "A search in metadata comes in pages: leave the Accept header out.", field="filter"
        )
    source = backend.search_source(
        credential,
        query.scope,
        pattern=query.pattern,
        type=query.type,
        after=wanted.query.get("after") or wanted.query.get("cursor"),
    )
    return Rows(credential, source)


def _scope_exists(credential: Credential, scope: str) -> None:
    if scope not in get_backend().list_scopes(credential):
        raise NotFound(f"There is no scope {scope}.", service=SERVICE)


def _down() -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "Rucio does not answer at the moment. Try again in a minute.", service=SERVICE
    )
