"""What holds for each ASGI request before Django, and how an app answers without it."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from django.conf import settings

from vre_portal import headers
from vre_portal.addresses import client_of
from vre_portal.error_mapping import PROBLEM, headers_of, problem_of
from vre_portal.errors import PortalError
from vre_portal.logs import client_address, request_id

log = logging.getLogger(__name__)

Scope = Mapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

HTTP, HANDSHAKE = "http.response", "websocket.http.response"
_STARTS = (f"{HTTP}.start", f"{HANDSHAKE}.start")


class Edge:
    """Gives each request an id and an address, and each answer the headers that it still lacks.

    A fault that nobody else names is told as one, and logged here: the server's own logger knows
    nothing of tokens.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; what Django has set stays."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        peer = (scope.get("client") or ("",))[0]
        of_request = request_id.set(secrets.token_hex(6))
        of_client = client_address.set(client_of(peer, header_of(scope, b"x-forwarded-for")))
        client = _Client(scope, send)
        try:
            await self._app(scope, receive, client.send)
        except Exception:
            if client.is_gone:  # the server raises this itself, to end what goes on
                raise
            log.exception("a fault of our own at %s", scope["path"])
            await client.apologise()
        finally:
            request_id.reset(of_request)
            client_address.reset(of_client)


class _Client:
    """The other end of one request, and how far its answer is."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._begun = self.is_gone = False

    async def send(self, message: Message) -> None:
        self._begun = True
        if message["type"] in _STARTS:
            lines = _complete(self._scope, message.get("headers", ()))
            message = {**message, "headers": lines}
        try:
            await self._send(message)
        except OSError:
            self.is_gone = True
            raise

    async def apologise(self) -> None:
        """Tell of a fault; an answer that has begun is cut instead."""
        error = PortalError("Tell the operators the reference of this answer.")
        if self._begun:
            return
        if self._scope["type"] == "http":
            await problem(self.send, error)
        else:
            await refuse_handshake(self._scope, self.send, error)


def _complete(scope: Scope, told: Any) -> list[tuple[bytes, bytes]]:
    lines = [(bytes(name).lower(), bytes(value)) for name, value in told]
    there = {name for name, _value in lines}
    needed = {
        **headers.ALWAYS,
        "Content-Security-Policy": headers.NO_PAGE,
        "Cache-Control": headers.PRIVATE,
        "X-Request-Id": request_id.get(),
    }
    if settings.SECURE_HSTS_SECONDS and over_https(scope):
        needed["Strict-Transport-Security"] = headers.hsts(settings.SECURE_HSTS_SECONDS)
    return lines + [line for line in _lines(needed) if line[0] not in there]


def _lines(told: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in told.items()]


def header_of(scope: Scope, name: bytes) -> str:
    """Return a header of the request; several of one name as one list, as HTTP reads them."""
    told = [value.decode("latin-1") for key, value in scope.get("headers", ()) if key == name]
    return ",".join(told)


def over_https(scope: Scope) -> bool:
    """Whether the client came over https, as Django decides it too."""
    told = header_of(scope, b"x-forwarded-proto") if settings.SECURE_PROXY_SSL_HEADER else ""
    scheme = told.split(",")[0].strip() or scope.get("scheme")
    return scheme in {"https", "wss"}


async def start(send: Send, status: int, told: Mapping[str, str], *, protocol: str = HTTP) -> None:
    """Begin an answer."""
    await send({"type": f"{protocol}.start", "status": status, "headers": _lines(told)})


async def body(send: Send, part: bytes, *, more: bool, protocol: str = HTTP) -> None:
    """Send a part of an answer; without one that has no more after it, the answer is cut."""
    await send({"type": f"{protocol}.body", "body": part, "more_body": more})


async def problem(
    send: Send, error: PortalError, also: Mapping[str, str] | None = None, *, protocol: str = HTTP
) -> None:
    """Answer with the problem document of an error, and nothing else."""
    document = json.dumps(problem_of(error)).encode()
    told = {"Content-Type": PROBLEM, "Content-Length": str(len(document))}
    told |= headers_of(error) | dict(also or {})
    await start(send, error.status, told, protocol=protocol)
    await body(send, document, more=False, protocol=protocol)


async def refuse_handshake(scope: Scope, send: Send, error: PortalError) -> None:
    """Answer a websocket's handshake over HTTP: with the error, or a bare 403 by older servers."""
    if HANDSHAKE in scope.get("extensions", ()):
        await problem(send, error, protocol=HANDSHAKE)
        # uvicorn logs an error for an app that ends before the connection has: it does so now.
        await asyncio.sleep(0)
        return
    await send({"type": "websocket.close"})
