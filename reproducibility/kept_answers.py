"""What the portal keeps of an output, as an answer: from memory, or from a file in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from io import BufferedReader
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

PIECE = 1 << 18


def answer(
    request: HttpRequest, content: bytes | Path, size: int
) -> HttpResponse | StreamingHttpResponse:
    """Return an answer of so many bytes, which never has a whole file in memory."""
    if isinstance(content, bytes):
        return HttpResponse(content)
    # Django collects the pieces of the other kind before it sends the first one.
    pieces = _awaited(content) if isinstance(request, ASGIRequest) else _pieces(content)
    found = StreamingHttpResponse(pieces)
    found["Content-Length"] = str(size)
    return found


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


async def _awaited(path: Path) -> AsyncIterator[bytes]:
    with await sync_to_async(_opened, thread_sensitive=False)(path) as file:
        read = sync_to_async(file.read, thread_sensitive=False)
        while piece := await read(PIECE):
            yield piece


def _opened(path: Path) -> BufferedReader:
    return path.open("rb")
