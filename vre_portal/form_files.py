"""Forms with files: a raw ASGI app before Django takes the files as they come, Django the rest."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from accounts.callers import caller_of
from data_mgmt.upload_views import OUTCOME
from vre_portal import raw_asgi
from vre_portal.errors import InvalidRequest, PortalError
from vre_portal.racing import ASK_AGAIN_SECONDS, asked_again, first_of, in_thread, left
from vre_portal.raw_asgi import App, Message, Receive, Scope, Send
from vre_portal.raw_requests import request_of
from vre_portal.uploading import SILENT_SECONDS, Gone, write

FILE = "file"
MAX_FIELDS = 64 * 1024


class Form(ABC):
    """A form as it comes: fields first, then files; runs in threads, one after the other."""

    area: ClassVar[str]

    def __init__(self, request: HttpRequest) -> None:
        _kind, options = parse_options_header(request.headers.get("Content-Type", ""))
        self.request = request
        self._parser = PushMultipartParser(options.get("boundary") or "-", max_segment_count=200)
        self._fields: list[tuple[str, bytearray]] = []
        self._in_file = False

    @abstractmethod
    def begin(self, filename: str) -> bool:
        """Begin a file; False where it is not wanted, and comes like a field."""

    @abstractmethod
    def take(self, data: bytes) -> None:
        """Take some bytes of the file that has begun."""

    @abstractmethod
    def file_ended(self) -> None:
        """Hear that the file is whole."""

    @abstractmethod
    def end(self) -> object:
        """Return what became of the files, now that all has come."""

    @abstractmethod
    def close(self, *, keep: bool) -> None:
        """Let go of the files; what is not to be kept goes."""

    def answered(self) -> None:  # noqa: B027 - most forms have nothing to do then
        """Hear that Django has answered, or failed to: what nobody took may go."""

    @abstractmethod
    def ask_again(self) -> None:
        """Raise once the sender may not act any more."""

    def check_sender(self) -> None:
        """Refuse strangers before anything is read, and a form that does not tell its length."""
        caller_of(self.request, area=self.area)
        if not self.request.headers.get("Content-Length", "").isdigit():
            raise InvalidRequest(_("Send the form with its length, as browsers do."))

    async def add(self, data: bytes) -> None:
        """Take a part of the body; raises what is wrong with the wish or the file."""
        await in_thread(partial(self._parse, data))

    def encoded(self) -> bytes:
        """Return the fields as a form without files has them."""
        pairs = [(name, value.decode(errors="replace")) for name, value in self._fields]
        return urlencode(pairs).encode()

    def _parse(self, data: bytes) -> None:
        try:
            for event in self._parser.parse(data):
                self._hear(event)
        except MultipartError as exc:
            raise InvalidRequest(_("This form can't be read. Load the page again.")) from exc

    def _hear(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            is_file = event.name == FILE and bool(event.filename)
            self._in_file = is_file and self.begin(event.filename or "")
            if not self._in_file:
                self._fields.append((event.name or "", bytearray()))
        elif event is None:
            if self._in_file:
                self.file_ended()
            self._in_file = False
        elif self._in_file:
            self.take(bytes(event))
        else:
            self._fields[-1][1].extend(event)
            if sum(len(value) for _name, value in self._fields) > MAX_FIELDS:
                raise InvalidRequest(_("The fields of this form are too long."))


class FormFiles:
    """Takes the files out of the forms at some addresses and hands the rest on."""

    def __init__(
        self,
        app: App,
        *,
        form: Callable[[HttpRequest], Form],
        address: re.Pattern[str],
        every: float = ASK_AGAIN_SECONDS,
        silent: float = SILENT_SECONDS,
    ) -> None:
        self._app, self._form, self._address = app, form, address
        self._every, self._silent = every, silent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = request_of(scope) if self._is_form(scope) else None
        if request is None:
            await self._app(scope, receive, send)
            return
        form = self._form(request)
        keep = False
        try:
            outcome = await self._taken(form, receive)
            keep = not isinstance(outcome, PortalError)
        except Gone:
            return
        finally:
            await in_thread(partial(form.close, keep=keep))
        try:
            await self._app(
                _as_plain_form(scope, form.encoded(), outcome),
                _Body(form.encoded(), receive),
                send if keep else _closing(send),
            )
        finally:
            await in_thread(form.answered)

    async def _taken(self, form: Form, receive: Receive) -> object:
        """Return what became of the files, which may be a refusal."""
        try:
            await in_thread(form.check_sender)
            await first_of(
                write(receive, form.add, silent=self._silent),
                asked_again(form.ask_again, every=self._every),
            )
            return await in_thread(form.end)
        except PortalError as exc:
            return exc

    def _is_form(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "POST":
            return False
        if not self._address.fullmatch(scope["path"]):
            return False
        return raw_asgi.header_of(scope, b"content-type").startswith("multipart/form-data")


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
