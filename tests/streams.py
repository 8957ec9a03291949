"""The two ends of a stream: a small Rucio on real HTTP, and a client of the raw ASGI app."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from django.conf import settings
from django.test import Client

from accounts.models import User
from tests.factories import sign_in
from vre_portal.raw_asgi import App

NDJSON = "application/x-ndjson"
SEARCH = ("/api/v1/data/dids", "scope=cms&name=muons*")
#: What streams -> an address where it does.
STREAMS = {
    "scopes": "/api/v1/data/scopes",
    "dids": "/api/v1/data/dids?scope=cms",
    "contents": "/api/v1/data/dids/cms/all/contents",
    "files": "/api/v1/data/dids/cms/all/files",
}
ROWS = b"".join(b'{"name": "muons_%04d", "did_type": "FILE"}\n' % n for n in range(5000))


class Upstream:
    """A small Rucio on real HTTP that notes what it was asked, and when a caller left."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.left = asyncio.Event()
        self.sent = 0
        self.behave: Callable[[web.StreamResponse], Awaitable[None]] = self.all_rows
        self.refusal: web.Response | None = None
        self.base = ""

    async def all_rows(self, answer: web.StreamResponse) -> None:
        """Send the rows and end."""
        await answer.write(ROWS)

    async def no_row(self, answer: web.StreamResponse) -> None:
        """End at once."""

    async def endless(self, answer: web.StreamResponse) -> None:
        """Send as fast as somebody reads."""
        while True:
            await answer.write(ROWS)
            self.sent += len(ROWS)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer whatever is asked."""
        self.asked.append(request)
        if self.refusal is not None:
            return self.refusal
        answer = web.StreamResponse(headers={"Content-Type": "application/x-json-stream"})
        await answer.prepare(request)
        try:
            await self.behave(answer)
        except (ConnectionError, asyncio.CancelledError):
            self.left.set()
            raise
        return answer


@asynccontextmanager
async def serving() -> AsyncIterator[Upstream]:
    """Serve it on loopback."""
    made = Upstream()
    app = web.Application()
    app.router.add_get("/{tail:.*}", made.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        made.base = str(server.make_url("")).rstrip("/")
        yield made


def cookies_of(user: User) -> str:
    """Return the Cookie header of a browser where somebody is signed in."""
    client = Client()
    sign_in(client, user)
    return cookie_of(client)


def cookie_of(client: Client) -> str:
    """Return the Cookie header of a browser."""
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def scope_of(path: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return a request as an ASGI server tells it."""
    return {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode("latin-1"),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1), "scheme": "http",
    }  # fmt: skip


class Reader:
    """One request at the ASGI app, its answer from its first bytes, and when it leaves."""

    def __init__(
        self, cookies: str = "", accept: str = NDJSON, host: str = "testserver", **more: str
    ) -> None:
        self.headers = {"host": host, "accept": accept, "cookie": cookies, **more}
        self.leave = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self.arrived = asyncio.Event()
        self.body = bytearray()
        self.start: dict[str, Any] = {}
        self.complete = False

    async def get(self, app: App, path: str, query: str = "") -> Reader:
        """Read the answer to its end, or to where it is cut."""
        return await self.request("GET", app, path, query)

    async def head(self, app: App, path: str) -> Reader:
        """Ask for the headers alone."""
        return await self.request("HEAD", app, path)

    async def request(self, method: str, app: App, path: str, query: str = "") -> Reader:
        """Ask by any method."""
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self.leave.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await self.reading.wait()
            if message["type"] == "http.response.start":
                self.start = message
                return
            self.body += message.get("body", b"")
            self.arrived.set()
            self.complete = not message.get("more_body", False)

        scope = scope_of(path, query, self.headers) | {"method": method}
        await app(scope, receive, send)
        return self

    @property
    def status(self) -> int:
        """The status of the answer."""
        return int(self.start["status"])

    def header(self, name: bytes) -> str:
        """Return a header of the answer."""
        return str(dict(self.start["headers"])[name].decode())

    def problem(self) -> dict[str, Any]:
        """Return the problem document that the answer is."""
        assert self.header(b"content-type") == "application/problem+json"
        return dict(json.loads(self.body))
