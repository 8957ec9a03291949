"""Uploads that come: a raw ASGI app before Django that writes their bytes to disk as they arrive.

Only requests with bytes are taken here (tus PATCH, and POST with a first piece); Django answers
the others. Caller, CSRF token and place are checked before a byte is read. One block is held in
memory, and a slow disk stops the reading. What has come when a client leaves is kept.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.authentication import CSRFCheck

from accounts.authentication import bearer_of
from accounts.callers import Caller, caller_of
from data_mgmt import tus
from data_mgmt.models_uploads import Upload, UploadState
from data_mgmt.services import staging, uploads
from vre_portal import raw_asgi
from vre_portal.errors import Conflict, Forbidden, PortalError, TooLarge
from vre_portal.racing import ASK_AGAIN_SECONDS, asked_again, first_of, in_thread
from vre_portal.raw_asgi import App, Receive, Scope, Send
from vre_portal.raw_requests import request_of

log = logging.getLogger(__name__)

AREA = "data"
ADDRESS = re.compile(r"/api/v1/data/uploads(?:/(?P<pk>[0-9a-fA-F-]{36}))?")
WITH_BYTES = {"POST": False, "PATCH": True}
#: A sender that is silent for so long has left, and another connection may go on.
SILENT_SECONDS = 30.0


class Gone(Exception):
    """The client has left before the end of its request."""


@dataclass(slots=True)
class Incoming:
    """A piece of an upload on its way to the disk."""

    caller: Caller
    upload: Upload
    file: staging.Piece
    start: int
    checksum: tuple[Any, bytes] | None = None

    def add(self, data: bytes) -> None:
        """Write a block; more than the upload may have is refused, and the piece forgotten."""
        if self.file.offset + len(data) > self.upload.size:
            self.file.cut(self.start)
            raise _too_long()
        if self.checksum:
            self.checksum[0].update(data)
        self.file.add(data)

    def end(self) -> dict[str, str]:
        """Compare and keep what came, and return what to tell of it."""
        if self.checksum and not hmac.compare_digest(self.checksum[0].digest(), self.checksum[1]):
            words = _("Upload-Checksum: what came has another checksum. Send the piece again.")
            raise tus.ChecksumMismatch(words)
        self.file.trust()
        self.checksum = None
        if self.file.offset < self.upload.size:
            uploads.kept(self.upload)
        else:
            self.upload = uploads.received(self.upload)
        return tus.state_of(self.upload)

    def close(self) -> None:
        """Leave what came; a piece that was to be compared and was not goes."""
        if self.checksum:
            self.file.cut(self.start)
        self.file.close()


class Uploads:
    """Takes the bytes of uploads itself and leaves everything else to the app behind it."""

    def __init__(
        self, app: App, *, every: float = ASK_AGAIN_SECONDS, silent: float = SILENT_SECONDS
    ) -> None:
        self._app, self._every, self._silent = app, every, silent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = ADDRESS.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope = _with_meant_method(scope)
        request = request_of(scope) if _has_bytes(scope, found["pk"]) else None
        if request is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._take(request, found["pk"], receive, send)
        except PortalError as exc:
            await _refuse(send, exc, {})

    async def _take(
        self, request: HttpRequest, pk: str | None, receive: Receive, send: Send
    ) -> None:
        piece = await in_thread(partial(begin, request, pk))
        where = {} if pk else {"Location": _address_of(request, piece.upload)}
        refused: PortalError | None = None
        try:
            await first_of(
                write(
                    receive, lambda block: asyncio.to_thread(piece.add, block), silent=self._silent
                ),
                asked_again(piece.caller.ask_again, every=self._every),
            )
            told = await in_thread(piece.end)
        except Gone:
            await in_thread(partial(uploads.kept, piece.upload))
            return
        except PortalError as exc:
            refused = exc
        finally:
            await asyncio.to_thread(piece.close)
        if refused is not None:
            # The upload is there, whatever became of its first piece.
            await _refuse(send, refused, where)
            return
        await raw_asgi.start(send, 201 if where else 204, told | where)
        await raw_asgi.body(send, b"", more=False)


async def _refuse(send: Send, error: PortalError, more: Mapping[str, str]) -> None:
    log.info("upload: %s: %s (cause: %r)", error.code, error.message, error.__cause__)
    # What may still come is not read.
    told = {**tus.headers_of(error), **more, "Connection": "close"}
    await raw_asgi.problem(send, error, told)


def _address_of(request: HttpRequest, upload: Upload) -> str:
    return request.build_absolute_uri(f"{request.path}/{upload.pk}")


async def write(
    receive: Receive, add: Callable[[bytes], Awaitable[None]], *, silent: float
) -> None:
    """Hand a body on in blocks, and wait for each to be taken; raises `Gone`."""
    block, more = bytearray(), True
    while more:
        try:
            async with asyncio.timeout(silent):
                message = await receive()
        except TimeoutError:
            message = {"type": "http.disconnect"}
        more = message.get("more_body", False)
        block += message.get("body", b"")
        if block and (not more or len(block) >= staging.BLOCK):
            await add(bytes(block))
            block.clear()
        if message["type"] == "http.disconnect":
            raise Gone


def begin(request: HttpRequest, pk: str | None) -> Incoming:
    """Find out who sends and to what, and lock its file for them."""
    caller = admitted(request)
    upload = uploads.find(caller.user, pk) if pk else None
    tus.check_version(request.headers)
    tus.check_media_type(request.headers)
    checksum = tus.checksum(request.headers)
    if upload is None:
        wish = tus.wish_of(caller.user, request.headers)
        _check_length(request, 0, wish.size)
        upload = uploads.begin(caller.user, wish)
        file = staging.Piece(upload.pk)
        if checksum:
            file.doubt()
        return Incoming(caller, upload, file, 0, checksum)
    offset = tus.number_of(request.headers, "Upload-Offset")
    if upload.state != UploadState.RECEIVING:
        raise Conflict(_("All of this upload has come: nothing more is taken."))
    file = staging.Piece(upload.pk)
    try:
        if offset != file.offset:
            words = _("Upload-Offset: %(here)d bytes are here. Go on from there.")
            raise Conflict(words % {"here": file.offset})
        _check_length(request, offset, upload.size)
        if checksum:
            file.doubt()
    except PortalError:
        file.close()
        raise
    return Incoming(caller, upload, file, offset, checksum)


def admitted(request: HttpRequest, *, area: str = AREA) -> Caller:
    """Return who sends: by a token, or by a session with the token of our own pages."""
    caller = caller_of(request, area=area)
    if bearer_of(request.headers.get("Authorization", "")) is None:
        check = CSRFCheck(lambda _request: HttpResponse())
        check.process_request(request)
        if check.process_view(request, _no_view, (), {}):
            raise Forbidden(_("Load the page again and repeat it: its form was too old."))
    return caller


def _no_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _check_length(request: HttpRequest, offset: int, size: int) -> None:
    """Refuse what is announced as too long before any of it is read."""
    announced = request.headers.get("Content-Length", "")
    if announced.isdigit() and offset + int(announced) > size:
        raise _too_long()


def _too_long() -> TooLarge:
    return TooLarge(_("This is more than the upload was said to have. Nothing of it was kept."))


def _has_bytes(scope: Scope, pk: str | None) -> bool:
    wanted = WITH_BYTES.get(scope["method"])
    media_type = raw_asgi.header_of(scope, b"content-type")
    return wanted is not None and wanted == bool(pk) and tus.carries_bytes(media_type)


def _with_meant_method(scope: Scope) -> Scope:
    """Return the request with the method that tus lets clients name in a header."""
    meant = raw_asgi.header_of(scope, b"x-http-method-override").upper()
    return {**scope, "method": meant} if meant.isalpha() else scope
