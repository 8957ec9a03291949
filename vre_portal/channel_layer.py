"""The channel layer on Valkey, whose waiting ends when whoever waits is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from channels_redis.core import RedisChannelLayer
from redis.asyncio import Connection, ConnectionPool, SSLConnection


class _Ends:
    """Notices a cancellation that `asyncio.wait_for` loses before Python 3.12.

    The client sends each command by it. Without this a websocket whose page left just then would
    wait for messages as long as its process lives.
    """

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        """Send a command, unless its task is to end."""
        await super().send_packed_command(command, check_health)  # type: ignore[misc]  # a mixin
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # Somebody else's question would get the answer to this one.
            await self.disconnect(nowait=True)  # type: ignore[attr-defined]  # the same
            raise asyncio.CancelledError


class PlainConnection(_Ends, Connection):
    """A connection to ``redis://``."""


class PrivateConnection(_Ends, SSLConnection):
    """A connection to ``rediss://``."""


class ChannelLayer(RedisChannelLayer):  # type: ignore[misc]  # the library has no types
    """Messages to the pages that watch, by way of Valkey."""

    def create_pool(self, index: int) -> ConnectionPool:
        """Return a pool of connections to one of the servers."""
        pool: ConnectionPool = super().create_pool(index)
        is_private = issubclass(pool.connection_class, SSLConnection)
        pool.connection_class = PrivateConnection if is_private else PlainConnection
        return pool
