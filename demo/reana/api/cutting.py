"""Bodies of answers that end where their length says, though the file behind them grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message, Send


def cut(send: Send, left: int) -> Send:
    """Pass so many bytes of a body on, and drop what comes after them."""
    ended = False

    async def passed(message: Message) -> None:
        nonlocal left, ended
        if message["type"] == "http.response.body":
            if ended:
                return
            body = message.get("body", b"")[:left]
            left -= len(body)
            ended = not (message.get("more_body") and left)
            message = {**message, "body": body, "more_body": not ended}
        await send(message)

    return passed
