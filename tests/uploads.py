"""A client of tus at the raw ASGI app, and what tests of uploads share."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vre_portal.raw_asgi import App

MEDIA_TYPE = "application/offset+octet-stream"
UPLOADS = "/api/v1/data/uploads"


def metadata(**values: str) -> str:
    """Return the header Upload-Metadata."""
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in values.items())


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def problem(self) -> dict[str, Any]:
        """Return the problem document."""
        assert self.headers["content-type"] == "application/problem+json"
        return dict(json.loads(self.body))


class Tus:
    """Somebody who sends: every request is told as an ASGI server tells it."""

    def __init__(self, app: App, **headers: str) -> None:
        self._app = app
        self.headers = {"host": "testserver", "tus-resumable": "1.0.0", **headers}

    async def ask(
        self,
        method: str,
        path: str,
        parts: Sequence[bytes] = (),
        *,
        leaves: bool = False,
        **headers: str,
    ) -> Answer | None:
        """Send a request whose body comes in parts; None where the client left before an answer."""
        told = {**self.headers, **{name.replace("_", "-"): text for name, text in headers.items()}}
        waiting = list(parts)
        answer: dict[str, Any] = {}
        body = bytearray()

        ended = False

        async def receive() -> dict[str, Any]:
            nonlocal ended
            if not waiting and leaves:
                return {"type": "http.disconnect"}
            if ended:
                await asyncio.Event().wait()
            part = waiting.pop(0) if waiting else b""
            ended = not waiting and not leaves
            return {"type": "http.request", "body": part, "more_body": not ended}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(scope_of(method, path, told), receive, send)
        if not answer:
            return None
        lines = {name.decode().lower(): value.decode() for name, value in answer["headers"]}
        return Answer(int(answer["status"]), lines, bytes(body))

    async def told(self, method: str, path: str, *parts: bytes, **headers: str) -> Answer:
        """Send a request and return its answer."""
        found = await self.ask(method, path, parts, leaves=False, **headers)
        assert found is not None
        return found

    async def begin(self, size: int, *parts: bytes, name: str = "a.root", **more: str) -> Answer:
        """Begin an upload, with a first piece if there is one."""
        told = metadata(filename=name, storage="LAPP-DISK", **more)
        media = {"content_type": MEDIA_TYPE} if parts else {}
        return await self.told(
            "POST", UPLOADS, *parts, upload_length=str(size), upload_metadata=told, **media
        )

    async def patch(self, where: str, offset: int, *parts: bytes, **headers: str) -> Answer:
        """Send a piece."""
        return await self.told(
            "PATCH", where, *parts, upload_offset=str(offset), content_type=MEDIA_TYPE, **headers
        )

    async def offset(self, where: str) -> int:
        """Return how far an upload is."""
        return int((await self.told("HEAD", where)).headers["upload-offset"])


def scope_of(method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return a request as an ASGI server tells it."""
    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": lines, "client": ("127.0.0.1", 1), "scheme": "http",
        "server": ("testserver", 80), "root_path": "", "http_version": "1.1",
    }  # fmt: skip


def path_of(answer: Answer) -> str:
    """Return the path of a new upload."""
    return answer.headers["location"].removeprefix("http://testserver")
