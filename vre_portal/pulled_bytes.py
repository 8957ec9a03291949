"""Bytes that come by iterators that block, pulled by threads of their own into an event loop.

Whatever keeps these threads waiting keeps nobody else: callers are checked by others. One piece is
read ahead while the last one is sent, and nothing more: a client that reads slowly stops the
reading.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from contextvars import copy_context
from threading import Lock
from typing import Protocol

from django.db import connections

from vre_portal.errors import UpstreamTimeout, UpstreamUnavailable

log = logging.getLogger(__name__)

#: How often in a row a source may break off without having given a byte.
MOST_TRIES = 4
#: Before it is asked again, longer each time.
PAUSE_SECONDS = 1.0
CHANGED = "The file changed while it was read. Try again."

#: Gives the pieces of a file from a byte on.
Opened = Callable[[int], Iterator[bytes]]


class Digest(Protocol):
    """A checksum that is being worked out."""

    def update(self, data: bytes, /) -> None:
        """Go on."""
        ...

    def hexdigest(self) -> str:
        """Return it."""
        ...


class Readers:
    """The threads that read; as many sources may be waited for at the same time."""

    def __init__(self, most: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=name)

    async def do(self, work: Callable[[], bytes]) -> bytes:
        """Do some work in one of them."""
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._pool, context.run, work)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Source:
    """An iterator that is opened and read in threads, and closed once none of them is at it."""

    def __init__(self, opened: Opened, offset: int, digest: Digest | None) -> None:
        self._opened, self._offset, self._digest = opened, offset, digest
        self._pieces: Iterator[bytes] | None = None
        self._lock, self._left = Lock(), False

    def next(self) -> bytes:
        """Return the next piece, nothing at the end."""
        try:
            with self._lock:
                return b"" if self._left else self._next()
        finally:
            self._close_if_left()

    def _next(self) -> bytes:
        if self._pieces is None:
            try:
                self._pieces = self._opened(self._offset)
            finally:
                connections.close_all()
        piece = next(self._pieces, b"")
        if self._digest:
            self._digest.update(piece)
        return piece

    def leave(self) -> None:
        """Close it: now, or as soon as the thread that waits for it has got something."""
        self._left = True
        self._close_if_left()

    def _close_if_left(self) -> None:
        if self._left and self._lock.acquire(blocking=False):
            try:
                close = getattr(self._pieces, "close", None)
                if close:
                    close()
            finally:
                self._lock.release()


async def pulled(
    readers: Readers, opened: Opened, *, start: int, end: int, digest: Digest | None = None
) -> AsyncGenerator[bytes]:
    """Yield the bytes from `start` up to `end`; a source that breaks off goes on at that byte.

    Raises
    ------
    UpstreamUnavailable
        The source has fewer bytes than that, or does not come back.
    """
    at, tries = start, 0
    while at < end:
        try:
            async with aclosing(_once(readers, _Source(opened, at, digest))) as coming:
                async for piece in coming:
                    at, tries = at + len(piece), 0
                    yield piece[: len(piece) - max(0, at - end)]
                    if at >= end:
                        return
        except (UpstreamUnavailable, UpstreamTimeout) as exc:
            tries += 1
            if tries >= MOST_TRIES:
                raise
            log.warning("a source broke off at byte %d: %s", at, exc.message)
            await asyncio.sleep(tries * PAUSE_SECONDS)
        else:
            raise UpstreamUnavailable(CHANGED)


async def _once(readers: Readers, source: _Source) -> AsyncGenerator[bytes]:
    coming = asyncio.ensure_future(readers.do(source.next))
    try:
        while piece := await coming:
            coming = asyncio.ensure_future(readers.do(source.next))
            yield piece
    finally:
        coming.cancel()
        source.leave()
        await asyncio.gather(coming, return_exceptions=True)


async def whole(
    readers: Readers, opened: Opened, *, size: int, sha256: str = ""
) -> AsyncGenerator[bytes]:
    """Yield a whole file; its last piece only once all have come and a known checksum is right.

    Of a file that grows meanwhile it is what was there before.
    """
    digest = hashlib.sha256() if sha256 else None
    held = b""
    coming = pulled(readers, opened, start=0, end=size, digest=digest)
    async with aclosing(coming):
        async for piece in coming:
            if held:
                yield held
            held = piece
    if digest and digest.hexdigest() != sha256:
        raise UpstreamUnavailable(CHANGED)
    if held:
        yield held
