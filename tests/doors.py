"""A storage door on real HTTP that serves the fake's files, and fails as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

from aiohttp import web
from aiohttp.test_utils import TestServer

from data_mgmt.backends import Did
from tests.fakes.data import FakeDataBackend
from vre_portal.ranges import Span, span_of

PIECE = 64 * 1024


class Fault(Enum):
    """What is wrong with a storage."""

    MISSING = auto()
    REFUSES = auto()
    CUT = auto()
    FROZEN = auto()
    CORRUPT = auto()
    SHORT = auto()
    NO_RANGES = auto()


@dataclass
class Door:
    """All storages behind one address."""

    backend: FakeDataBackend
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    thaw: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    @property
    def storages(self) -> list[str]:
        """Which storages were asked, in order."""
        return [request.path.split("/")[1] for request in self.asked]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a GET."""
        self.asked.append(request)
        _, storage, scope, name = request.path.split("/", 3)
        fault = self.faults.get(storage)
        if fault is Fault.MISSING:
            return web.Response(status=404, text="/srv/secret/path is not there")
        if fault is Fault.REFUSES:
            return web.Response(status=401)
        content = self.backend.files[Did(scope, name)].content
        span = span_of(request.headers.get("Range", ""), len(content))
        if fault is Fault.NO_RANGES:
            span = None
        part = span or Span(0, len(content))
        headers = {"Content-Length": str(part.end - part.start)}
        if fault is Fault.SHORT:
            headers["Content-Length"] = str(part.end - part.start - 1)
        if span is not None:
            headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{len(content)}"
        answer = web.StreamResponse(status=206 if span else 200, headers=headers)
        await answer.prepare(request)
        try:
            await self._write(request, answer, content[part.start : part.end], fault)
        except (ConnectionError, asyncio.CancelledError):
            self.left.set()
            raise
        return answer

    async def _write(
        self, request: web.Request, answer: web.StreamResponse, content: bytes, fault: Fault | None
    ) -> None:
        if fault is Fault.FROZEN:
            await answer.write(content[: len(content) // 2])
            await self.thaw.wait()
        elif fault is Fault.CUT:
            await answer.write(content[: len(content) // 2])
            assert request.transport is not None
            await asyncio.sleep(0)
            request.transport.close()
        elif fault is Fault.CORRUPT:
            middle = len(content) // 2
            await answer.write(content[:middle] + b"?" + content[middle + 1 :])
        elif fault is Fault.SHORT:
            await answer.write(content[:-1])
        else:
            for at in range(0, len(content), PIECE):
                await answer.write(content[at : at + PIECE])
                self.sent += PIECE


@asynccontextmanager
async def opened(backend: FakeDataBackend) -> AsyncIterator[Door]:
    """Open the door on loopback and let the fake name its address."""
    door = Door(backend)
    app = web.Application()
    app.router.add_get("/{tail:.*}", door.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        backend.door_base = str(server.make_url("")).rstrip("/")
        try:
            yield door
        finally:
            door.thaw.set()
