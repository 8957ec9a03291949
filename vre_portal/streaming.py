"""Lists that stream: a raw ASGI app before Django that passes Rucio's NDJSON on, bytes untouched.

Sign-in, terms and credential are checked once, in a thread. From then on no Python object is made
a row: chunks go from aiohttp to the client as they come, and waiting for a slow client stops the
reading (memory stays bounded). Whoever leaves ends the upstream request at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

import aiohttp
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import connections
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from yarl import URL

from accounts.credentials import Credential, credential_for
from accounts.models import User
from accounts.services import has_accepted_terms
from data_mgmt.backends import Did, Source, get_backend
from data_mgmt.forms import SearchQuery
from vre_portal import headers
from vre_portal.config import get_config
from vre_portal.error_mapping import PROBLEM, problem_of
from vre_portal.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    SignInRequired,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from vre_portal.health import is_down
from vre_portal.http import CONNECT_SECONDS
from vre_portal.logs import request_id

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
T = TypeVar("T")

NDJSON = "application/x-ndjson"
SERVICE = "rucio"
MAX_ERROR = 64 * 1024
BUFFER = 256 * 1024
CONNECTIONS = 64
UNAUTHORIZED = 401
SETTLE_SECONDS = 0.3
_PATHS = (
    re.compile(r"/api/v1/data/(?P<part>scopes|dids)"),
    re.compile(r"/api/v1/data/dids/(?P<scope>[^/]+)/(?P<name>.+)/(?P<part>contents|files)"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks to stream."""

    part: str
    query: dict[str, str]
    cookies: str
    did: Did | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A stream that may start: lines that are known already, or where they come from."""

    credential: Credential
    source: Source | None = None
    lines: bytes = b""


class Streams:
    """Serves the streams itself and leaves everything else to the app behind it."""

    def __init__(self, app: App, *, prepare: Callable[[Wanted], Prepared] | None = None) -> None:
        self._app, self._prepare = app, prepare or prepare_stream
        # A client session belongs to its event loop; there is one a server process.
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession]
        self._sessions = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        wanted = _wanted(scope)
        if wanted is None:
            await self._app(scope, receive, send)
            return
        token = request_id.set(secrets.token_hex(6))
        try:
            await _until_left(receive, self._serve(wanted, send))
        finally:
            request_id.reset(token)

    async def _serve(self, wanted: Wanted, send: Send) -> None:
        """Send the stream, or a problem when it can't start."""
        try:
            prepared = await _in_thread(lambda: self._prepare(wanted))
            if prepared.source is None:
                await _start(send, 200, NDJSON)
                await _body(send, prepared.lines, more=False)
                return
            await self._pass_on(wanted, prepared, prepared.source, send)
        except PortalError as exc:
            log.info("stream of %s: %s (cause: %r)", wanted.part, exc.message, exc.__cause__)
            await _start(send, exc.status, PROBLEM)
            await _body(send, json.dumps(problem_of(exc)).encode(), more=False)

    async def _pass_on(
        self, wanted: Wanted, prepared: Prepared, source: Source, send: Send
    ) -> None:
        async with await self._open(source) as answer:
            if answer.status >= 400:
                body = await answer.content.read(MAX_ERROR)
                kind = answer.headers.get("ExceptionClass", "")
                raise get_backend().refusal(answer.status, kind, body)
            first = await _first_bytes(answer)
            if not first and wanted.part == "dids":
                await _in_thread(lambda: _scope_exists(prepared.credential, wanted.query["scope"]))
            await _start(send, 200, NDJSON)
            chunk = first
            try:
                while chunk:
                    await _body(send, chunk, more=True)
                    chunk = await answer.content.readany()
            except (aiohttp.ClientError, TimeoutError) as exc:
                # The list is cut: without a last chunk the client knows that it is.
                log.warning("stream of %s broke off: %r", wanted.part, exc)
                return
            await _body(send, b"", more=False)

    async def _open(self, source: Source) -> aiohttp.ClientResponse:
        asking = {**source.headers, "Accept-Encoding": "identity"}
        asking["X-Request-Id"] = request_id.get()
        # The address is quoted already; a second time would change names.
        address = URL(source.url, encoded=True)
        try:
            answer = await self._session().get(address, headers=asking, allow_redirects=False)
            if answer.status != UNAUTHORIZED:
                return answer
            # Rucio refuses a new token that several requests bring at once; soon it knows it.
            answer.close()
            await asyncio.sleep(SETTLE_SECONDS)
            return await self._session().get(address, headers=asking, allow_redirects=False)
        except TimeoutError as exc:
            raise UpstreamTimeout(
                "Rucio did not answer in time. Try again.", service=SERVICE
            ) from exc
        except aiohttp.ClientError as exc:
            raise _down() from exc

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            seconds = get_config().upstream_timeout
            timeout = aiohttp.ClientTimeout(
                total=None, connect=seconds, sock_connect=CONNECT_SECONDS, sock_read=seconds
            )
            session = self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=BUFFER,
            )
        return session

    async def close(self) -> None:
        """Close the connections of the running loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()


async def _first_bytes(answer: aiohttp.ClientResponse) -> bytes:
    """Wait for the beginning: until then a fault can still be told with its status."""
    try:
        return await answer.content.readany()
    except TimeoutError as exc:
        raise UpstreamTimeout("Rucio did not answer in time. Try again.", service=SERVICE) from exc
    except aiohttp.ClientError as exc:
        raise _down() from exc


async def _until_left(receive: Receive, work: Awaitable[None]) -> None:
    """Do the work until it ends or the client leaves, whichever comes first."""
    task = asyncio.ensure_future(work)
    watcher = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({task, watcher}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watcher.cancel()
        if not task.done():
            task.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
    try:
        await task
    except asyncio.CancelledError:
        log.debug("the client left")


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Send, status: int, content_type: str) -> None:
    told = {
        **headers.ALWAYS,
        "Content-Security-Policy": headers.NO_PAGE,
        "Content-Type": content_type,
        "Cache-Control": headers.PRIVATE,
        "X-Accel-Buffering": "no",
        "X-Request-Id": request_id.get(),
    }
    lines = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})


async def _body(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _wanted(scope: Scope) -> Wanted | None:
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    found = next(filter(None, (path.fullmatch(scope["path"]) for path in _PATHS)), None)
    if found is None:
        return None
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    sent = {name: value.decode("latin-1") for name, value in scope["headers"]}
    if query.get("stream") != "1" and NDJSON not in sent.get(b"accept", ""):
        return None
    if not validate_host(split_domain_port(sent.get(b"host", ""))[0], settings.ALLOWED_HOSTS):
        return None  # Django refuses it.
    parts = found.groupdict()
    did = Did(parts["scope"], parts["name"]) if "scope" in parts else None
    return Wanted(parts["part"], query, sent.get(b"cookie", ""), did)


async def _in_thread(function: Callable[[], T]) -> T:
    def run() -> T:
        try:
            return function()
        finally:
            connections.close_all()

    return await sync_to_async(run, thread_sensitive=False)()


def prepare_stream(wanted: Wanted) -> Prepared:
    """Find out who asks, whether they may, with which credential, and where the rows are."""
    user = _user_of(wanted.cookies)
    if is_down(SERVICE):
        raise _down()
    return prepare_for(credential_for(user, SERVICE), wanted)


def prepare_for(credential: Credential, wanted: Wanted) -> Prepared:
    """Find out where the rows are for somebody who may have them."""
    backend = get_backend()
    if wanted.part == "scopes":
        rows = (json.dumps({"scope": scope}) + "\n" for scope in backend.list_scopes(credential))
        return Prepared(credential, lines="".join(rows).encode())
    if wanted.did is not None:
        source_of = backend.contents_source if wanted.part == "contents" else backend.files_source
        return Prepared(credential, source_of(credential, wanted.did))
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
    return Prepared(credential, source)


def _user_of(cookies: str) -> User:
    try:
        jar = SimpleCookie(cookies)
    except CookieError as exc:
        raise SignInRequired("Sign in to use the API.") from exc
    key = jar[settings.SESSION_COOKIE_NAME].value if settings.SESSION_COOKIE_NAME in jar else None
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(cast("HttpRequest", SimpleNamespace(session=session)))
    if not isinstance(user, User):
        raise SignInRequired("Sign in to use the API.")
    accepted = session.get("terms") == get_config().terms_version
    if not accepted and not has_accepted_terms(user):
        raise Forbidden("Accept the terms of use in the portal first.")
    return user


def _scope_exists(credential: Credential, scope: str) -> None:
    if scope not in get_backend().list_scopes(credential):
        raise NotFound(f"There is no scope {scope}.", service=SERVICE)


def _down() -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "Rucio does not answer at the moment. Try again in a minute.", service=SERVICE
    )
