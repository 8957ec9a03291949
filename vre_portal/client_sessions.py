"""The connections of raw ASGI answers to what stands behind the portal, kept by event loop."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

import aiohttp

from vre_portal.config import get_config
from vre_portal.http import CONNECT_SECONDS

BUFFER = 256 * 1024


class ClientSessions:
    """One aiohttp session for each event loop; there is one loop a server process."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession]
        self._made = WeakKeyDictionary()

    def get(self) -> aiohttp.ClientSession:
        """Return the session of the running loop: no cookies, no total time, bounded memory."""
        loop = asyncio.get_running_loop()
        session = self._made.get(loop)
        if session is None or session.closed:
            seconds = get_config().upstream_timeout
            timeout = aiohttp.ClientTimeout(
                total=None, connect=seconds, sock_connect=CONNECT_SECONDS, sock_read=seconds
            )
            session = self._made[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=BUFFER,
            )
        return session

    async def close(self) -> None:
        """Close the connections of the running loop."""
        session = self._made.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()
