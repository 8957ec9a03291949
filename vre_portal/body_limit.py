"""Bodies that are too large: refused under ASGI and WSGI alike, before anything keeps them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from vre_portal import headers
from vre_portal.error_mapping import PROBLEM, problem_of
from vre_portal.errors import TooLarge

#: Bytes of a form or a JSON body; what may be larger will have an address and a stream of its own.
MAX_BODY = 1024 * 1024

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class BodyLimit:
    """Counts what a client really sends, announced or not; Django would keep all of it on disk."""

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on until it has sent too much; it is answered then, and ends."""
        sent = 0

        async def counted() -> Message:
            nonlocal sent
            message = await receive()
            sent += len(message.get("body", b""))
            if sent <= MAX_BODY:
                return message
            await _refuse(send)
            # To the app it is as if the client had left.
            return {"type": "http.disconnect"}

        await self._app(scope, counted, send)


async def _refuse(send: Send) -> None:
    told = {
        **headers.ALWAYS,
        "Content-Security-Policy": headers.NO_PAGE,
        "Content-Type": PROBLEM,
        "Cache-Control": headers.PRIVATE,
        "Connection": "close",
    }
    lines = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    body = json.dumps(problem_of(TooLarge())).encode()
    await send({"type": "http.response.start", "status": TooLarge.status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
