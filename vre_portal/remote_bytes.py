"""A file's bytes from its storages: where one breaks off, the next goes on at that byte."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
from yarl import URL
from zlib_ng import zlib_ng

from accounts.credentials import Credential
from data_mgmt.backends import FileEntry, FileSource
from data_mgmt.services.reading import Readable
from vre_portal.errors import PortalError, UpstreamTimeout, UpstreamUnavailable
from vre_portal.logs import request_id
from vre_portal.racing import in_thread

log = logging.getLogger(__name__)

OK, PARTIAL = 200, 206
#: Storages hand a reader on to the machine that has the file.
MAX_REDIRECTS = 3
MAX_TRIES = 20
EARLY = timedelta(seconds=30)


class Broken(Exception):
    """A storage answered with something that is not this part of the file."""


class Damaged(Exception):
    """All bytes came, and they are not those of the catalogue's checksum."""


class Lender:
    """Lends a person's token for storages, asked anew shortly before it ends."""

    def __init__(self, ask: Callable[[], Credential]) -> None:
        self._ask = ask
        self._kept: Credential | None = None

    async def token(self) -> str:
        """Return a token that is good now."""
        if self._kept is None or self._kept.expires_at - EARLY < datetime.now(UTC):
            self._kept = await in_thread(self._ask)
        return self._kept.token


class RemoteBytes:
    """One file at its storages; `given` tells which of them gave bytes."""

    def __init__(self, session: aiohttp.ClientSession, lender: Lender, wanted: Readable) -> None:
        self._session, self._lender = session, lender
        self._sources, self._file = wanted.sources, wanted.file
        self.given: dict[str, int] = {}

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes]:
        """Yield the bytes from `start` up to `end` as they come.

        A storage that broke after it gave something is asked again, after the others; one that
        fell silent is not.
        """
        at, fault = start, None
        waiting = deque(self._sources)
        for _ in range(MAX_TRIES):
            if at >= end or not waiting:
                break
            source, before = waiting.popleft(), at
            try:
                async with self._open(source, at, end) as upstream:
                    self._check(upstream, at, end)
                    # Pieces as they come: whatever joins them copies them once more.
                    async for chunk, _end in upstream.content.iter_chunks():
                        at += len(chunk)
                        if at > end:
                            raise Broken("more bytes than were asked for")
                        yield chunk
            except (aiohttp.ClientError, TimeoutError, Broken) as exc:
                fault = exc
                log.warning("%s at %s, byte %d: %r", self._file.did, source.storage, at, exc)
            if at > before:
                self.given[source.storage] = self.given.get(source.storage, 0) + at - before
                if not isinstance(fault, TimeoutError):
                    waiting.append(source)
        if at < end:
            raise self._told(fault) from fault

    @asynccontextmanager
    async def _open(
        self, source: FileSource, start: int, end: int
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {
            "Authorization": f"Bearer {await self._lender.token()}",
            "Accept-Encoding": "identity",
            "X-Request-Id": request_id.get(),
        }
        if (start, end) != (0, self._file.bytes):
            headers["Range"] = f"bytes={start}-{end - 1}"
        # The address is quoted already. aiohttp takes the token off where another host is next.
        address = URL(source.url, encoded=True)
        async with self._session.get(
            address, headers=headers, max_redirects=MAX_REDIRECTS
        ) as upstream:
            yield upstream

    def _check(self, upstream: aiohttp.ClientResponse, start: int, end: int) -> None:
        """Refuse an answer that is another part, or one of another file."""
        size = self._file.bytes
        if (start, end) == (0, size):
            length = upstream.headers.get("Content-Length", str(size))
            if upstream.status != OK or length != str(size):
                raise Broken(f"{upstream.status} with {length} bytes")
            return
        part = upstream.headers.get("Content-Range", "")
        if upstream.status != PARTIAL or part != f"bytes {start}-{end - 1}/{size}":
            raise Broken(f"{upstream.status} with {part or 'no range'}")

    def _told(self, fault: Exception | None) -> PortalError:
        if isinstance(fault, TimeoutError):
            words = f"The storages with {self._file.did} did not answer in time. Try again."
            return UpstreamTimeout(words, service="storage")
        words = f"No storage could give {self._file.did}. Try again later."
        return UpstreamUnavailable(words, service="storage")


async def verified(chunks: AsyncGenerator[bytes], file: FileEntry) -> AsyncGenerator[bytes]:
    """Yield a whole file; its last piece only once the checksum of all is right."""
    checksum, held = 1, b""
    async with aclosing(chunks) as coming:
        async for chunk in coming:
            if held:
                yield held
            checksum, held = zlib_ng.adler32(chunk, checksum), chunk
    if file.adler32 and f"{checksum:08x}" != file.adler32:
        raise Damaged(f"adler32 is {checksum:08x}, the catalogue has {file.adler32}")
    if held:
        yield held
