"""A file that a plain form sends: its bytes go to the disk, the rest of the form goes to Django."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from accounts.callers import caller_of
from data_mgmt.services import staging, uploads
from data_mgmt.upload_forms import wish_of
from data_mgmt.upload_views import OUTCOME
from vre_portal import raw_asgi
from vre_portal.errors import InvalidRequest, PortalError
from vre_portal.racing import ASK_AGAIN_SECONDS, asked_again, first_of, in_thread, left
from vre_portal.raw_asgi import App, Message, Receive, Scope, Send
from vre_portal.raw_requests import request_of
from vre_portal.uploading import AREA, SILENT_SECONDS, Gone, Incoming, admitted, write

FILE = "file"
ADDRESS = "/data/uploads/"
MAX_FIELDS = 64 * 1024


class _Form:
    """A form as it comes: fields first, then the file; runs in threads, one after the other."""

    def __init__(self, request: HttpRequest) -> None:
        _kind, options = parse_options_header(request.headers.get("Content-Type", ""))
        self._request = request
        self._parser = PushMultipartParser(options.get("boundary") or "-", max_segment_count=200)
        self._fields: list[tuple[str, bytearray]] = []
        self._segment: MultipartSegment | None = None
        self.piece: Incoming | None = None
        self.is_whole = False

    def check_sender(self) -> None:
        """Refuse strangers before anything is read, and a form that does not tell its length."""
        caller_of(self._request, area=AREA)
        if not self._request.headers.get("Content-Length", "").isdigit():
            raise InvalidRequest(_("Send the form with its length, as browsers do."))

    async def add(self, data: bytes) -> None:
        """Take a part of the body; raises what is wrong with the wish or the file."""
        await in_thread(partial(self._parse, data))

    def _parse(self, data: bytes) -> None:
        try:
            for event in self._parser.parse(data):
                self._take(event)
        except MultipartError as exc:
            raise InvalidRequest(_("This form can't be read. Load the page again.")) from exc

    def _take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._segment = event
            if event.name == FILE and event.filename and self.piece is None:
                self._begin(event.filename)
            else:
                self._fields.append((event.name or "", bytearray()))
        elif event is None:
            if self._is_file():
                self.is_whole = True
        elif self._is_file() and self.piece is not None:
            self.piece.add(bytes(event))
        else:
            self._fields[-1][1].extend(event)
            if sum(len(value) for _name, value in self._fields) > MAX_FIELDS:
                raise InvalidRequest(_("The fields of this form are too long."))

    def _is_file(self) -> bool:
        return bool(self.piece and self._segment and self._segment.name == FILE)

    def _begin(self, filename: str) -> None:
        """Begin the upload, at most as long as the whole form is: only its end tells its size."""
        fields = QueryDict(self.encoded())
        self._request.POST = fields
        caller = admitted(self._request)
        length = int(self._request.headers["Content-Length"])
        wish = wish_of(caller.user, fields, filename=filename, size=length)
        upload = uploads.begin(caller.user, wish)
        self.piece = Incoming(caller, upload, staging.Piece(upload.pk), 0)

    def encoded(self) -> bytes:
        """Return the fields as a form without files has them."""
        pairs = [(name, value.decode(errors="replace")) for name, value in self._fields]
        return urlencode(pairs).encode()

    def ask_again(self) -> None:
        """Raise once the sender may not act any more."""
        if self.piece:
            self.piece.caller.ask_again()

    def end(self) -> object:
        """Hand the file over, now that its size is known; return what became of it."""
        if self.piece is None or not self.is_whole:
            raise InvalidRequest(_("Choose a file."), field=FILE)
        uploads.length_is(self.piece.upload, self.piece.file.offset)
        self.piece.end()
        return self.piece.upload

    def close(self, *, keep: bool) -> None:
        """Let go of the file; one that is not whole can't go on, as nobody knows its size."""
        if self.piece is not None:
            self.piece.close()
            if not keep:
                uploads.remove(self.piece.upload)


class FormUploads:
    """Takes the file out of the upload page's form and hands the rest on."""

    def __init__(
        self, app: App, *, every: float = ASK_AGAIN_SECONDS, silent: float = SILENT_SECONDS
    ) -> None:
        self._app, self._every, self._silent = app, every, silent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = request_of(scope) if _is_form(scope) else None
        if request is None:
            await self._app(scope, receive, send)
            return
        form = _Form(request)
        outcome: object
        try:
            await in_thread(form.check_sender)
            await first_of(
                write(receive, form.add, silent=self._silent),
                asked_again(form.ask_again, every=self._every),
            )
            outcome = await in_thread(form.end)
        except Gone:
            await in_thread(partial(form.close, keep=False))
            return
        except PortalError as exc:
            outcome = exc
        refused = isinstance(outcome, PortalError)
        await in_thread(partial(form.close, keep=not refused))
        await self._app(
            _as_plain_form(scope, form.encoded(), outcome),
            _Body(form.encoded(), receive),
            _closing(send) if refused else send,
        )


class _Body:
    """The fields as a request's body; then what the client does."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            await left(self._receive)
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _is_form(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != ADDRESS:
        return False
    return raw_asgi.header_of(scope, b"content-type").startswith("multipart/form-data")


def _as_plain_form(scope: Scope, body: bytes, outcome: object) -> Scope:
    """Return the request as one without a file, with what became of that beside it."""
    described = {b"content-type", b"content-length", b"transfer-encoding"}
    headers = [line for line in scope["headers"] if line[0].lower() not in described]
    headers += [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"content-length", str(len(body)).encode()),
    ]
    return {**scope, "headers": headers, OUTCOME: outcome}


def _closing(send: Send) -> Send:
    """Let the connection end with the answer: what is left of the form is not read."""

    async def told(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return told
