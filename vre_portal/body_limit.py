"""Bodies that are too large: refused under ASGI and WSGI alike, before anything keeps them."""

from __future__ import annotations

from vre_portal import raw_asgi
from vre_portal.errors import TooLarge
from vre_portal.raw_asgi import App, Message, Receive, Scope, Send

#: Bytes of a form or a JSON body; what may be larger will have an address and a stream of its own.
MAX_BODY = 1024 * 1024


class BodyLimit:
    """Counts what a client really sends, announced or not; Django would keep all of it on disk."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on until it has sent too much; it is answered then, and ends."""
        sent = 0
        begun = refused = False

        async def counted() -> Message:
            nonlocal sent, refused
            message = await receive()
            sent += len(message.get("body", b""))
            if sent <= MAX_BODY:
                return message
            if not begun and not refused:
                refused = True
                await raw_asgi.problem(send, TooLarge(), {"Connection": "close"})
            # To the app it is as if the client had left.
            return {"type": "http.disconnect"}

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            if not refused:
                await send(message)

        await self._app(scope, counted, noted)
