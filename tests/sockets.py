"""A websocket to a consumer without a server (channels.testing would need Daphne)."""

from __future__ import annotations

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator

from vre_portal.live import LiveConsumer


class LiveSocket:
    """`/ws/live` as one user's browser sees it."""

    def __init__(self, user: object) -> None:
        scope = {"type": "websocket", "path": "/ws/live", "headers": [], "user": user}
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
        await self._wire.send_input({"type": "websocket.receive", "text": json.dumps(content)})

    async def receive_json(self) -> Any:
        """Return the content of the next message."""
        return json.loads((await self.receive())["text"])

    async def close(self) -> None:
        """Disconnect and wait until the consumer has ended."""
        await self._wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._wire.wait(2)
