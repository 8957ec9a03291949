"""A websocket to a consumer without a server (channels.testing would need Daphne)."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from asgiref.testing import ApplicationCommunicator

from vre_portal.live import LiveConsumer


class LiveSocket:
    """`/ws/live` as one user's browser sees it, through a server that can answer over HTTP."""

    def __init__(
        self, user: object, *, session_key: str = "", server: str = "websocket.http.response"
    ) -> None:
        scope = {
            "type": "websocket", "path": "/ws/live", "headers": [], "user": user,
            "session": SimpleNamespace(session_key=session_key), "extensions": {server: {}},
        }  # fmt: skip
        make: Any = ApplicationCommunicator  # asgiref has no types for it
        self._wire: Any = make(LiveConsumer.as_asgi(), scope)

    async def open(self) -> dict[str, Any]:
        """Connect and return the server's first message: accept or close."""
        await self._wire.send_input({"type": "websocket.connect"})
        return await self.receive()

    async def receive(self) -> dict[str, Any]:
        """Return the next message as it is on the wire."""
        return dict(await self._wire.receive_output(2))

    async def send_json(self, content: object) -> None:
        """Send a message."""
        await self.send_text(json.dumps(content))

    async def send_text(self, text: str) -> None:
        """Send what may be no message at all."""
        await self._wire.send_input({"type": "websocket.receive", "text": text})

    async def receive_json(self) -> Any:
        """Return the content of the next message."""
        return json.loads((await self.receive())["text"])

    async def close(self) -> None:
        """Disconnect and wait until the consumer has ended."""
        await self._wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._wire.wait(2)
