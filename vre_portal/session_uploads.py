"""Files for sessions: a raw ASGI app before Django hands their bytes on piece by piece.

By `PUT` as programs and our pages' script send them, and by a plain form. Caller, CSRF token, name
and place are checked before a byte is read; a few MiB are held in memory, and a slow session stops
the reading. Whatever breaks off leaves nothing behind.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from functools import partial

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from accounts.callers import Caller
from sessions import services
from sessions.backends.running import Entry
from sessions.files_serializers import FileEntrySerializer
from sessions.services import paths
from sessions.services.file_uploads import Upload
from vre_portal import raw_asgi
from vre_portal.errors import InvalidRequest, PortalError
from vre_portal.form_files import FILE, Form, FormFiles
from vre_portal.racing import ASK_AGAIN_SECONDS, asked_again, first_of, in_thread
from vre_portal.raw_asgi import App, Receive, Scope, Send
from vre_portal.raw_requests import request_of
from vre_portal.session_content import ADDRESS, AREA
from vre_portal.uploading import SILENT_SECONDS, Gone, admitted, write

log = logging.getLogger(__name__)

FORM_ADDRESS = re.compile(r"/sessions/(?P<pk>[0-9a-fA-F-]{36})/upload")
BOTH = "both"


@dataclass(slots=True)
class Incoming:
    """A file on its way into a session."""

    caller: Caller
    pk: str
    upload: Upload
    is_whole: bool = False

    def ask_again(self) -> None:
        """Raise once the sender may not act any more, or the session is gone."""
        self.caller.ask_again()
        services.get(self.caller.user, self.pk)

    def end(self) -> Entry:
        """Give the file its name."""
        entry = self.upload.end()
        self.is_whole = True
        return entry

    def close(self) -> None:
        """Delete what came of a file that is not whole."""
        if not self.is_whole:
            self.upload.give_up()


class SessionUploads:
    """Takes the bytes that are put into sessions and leaves everything else to the app behind."""

    def __init__(
        self, app: App, *, every: float = ASK_AGAIN_SECONDS, silent: float = SILENT_SECONDS
    ) -> None:
        self._app, self._every, self._silent = app, every, silent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_put = scope["type"] == "http" and scope["method"] == "PUT"
        found = ADDRESS.fullmatch(scope["path"]) if is_put else None
        request = request_of(scope) if found else None
        if found is None or request is None:
            await self._app(scope, receive, send)
            return
        try:
            entry = await self._take(request, found["pk"], receive)
        except Gone:
            return
        except PortalError as exc:
            log.info("upload to %s: %s: %s (%r)", found["pk"], exc.code, exc.message, exc.__cause__)
            # What may still come is not read.
            await raw_asgi.problem(send, exc, {"Connection": "close"})
            return
        document = json.dumps(FileEntrySerializer(entry).data).encode()
        told = {"Content-Type": "application/json", "Content-Length": str(len(document))}
        await raw_asgi.start(send, 201, told)
        await raw_asgi.body(send, document, more=False)

    async def _take(self, request: HttpRequest, pk: str, receive: Receive) -> Entry:
        incoming = await in_thread(partial(begin, request, pk))

        async def add(block: bytes) -> None:
            await in_thread(partial(incoming.upload.add, block))

        try:
            await first_of(
                write(receive, add, silent=self._silent),
                asked_again(incoming.ask_again, every=self._every),
            )
            return await in_thread(incoming.end)
        finally:
            await in_thread(incoming.close)


def begin(request: HttpRequest, pk: str) -> Incoming:
    """Find out who sends, and whether the file may come at this place."""
    caller = admitted(request, area=AREA)
    session = services.get(caller.user, pk)
    path = paths.new_path(request.GET.get("path", ""))
    announced = request.headers.get("Content-Length", "")
    upload = Upload(
        session,
        paths.parent_of(path),
        path.rpartition("/")[2],
        keep_both=request.GET.get("keep") == BOTH,
        size=int(announced) if announced.isdigit() else None,
    )
    return Incoming(caller, pk, upload)


class _Form(Form):
    """The form of a folder's page: one file or several, one after the other."""

    area = AREA

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        found = FORM_ADDRESS.fullmatch(request.path)
        self._pk = found["pk"] if found else ""
        self._incoming: Incoming | None = None
        self._names: list[str] = []

    def begin(self, filename: str) -> bool:
        """Begin a file; all of them go to the folder that the form names."""
        fields = QueryDict(self.encoded())
        self.request.POST = fields
        caller = admitted(self.request, area=AREA)
        session = services.get(caller.user, self._pk)
        # Some browsers send the name with its folders.
        name = re.split(r"[/\\]", filename)[-1]
        keep_both = fields.get("keep") == BOTH
        upload = Upload(session, fields.get("path", ""), name, keep_both=keep_both)
        self._incoming = Incoming(caller, self._pk, upload)
        return True

    def take(self, data: bytes) -> None:
        """Hand on."""
        if self._incoming:
            self._incoming.upload.add(data)

    def file_ended(self) -> None:
        """Give the file its name."""
        if self._incoming:
            self._names.append(self._incoming.end().name)

    def ask_again(self) -> None:
        """Raise once the sender may not act any more."""
        if self._incoming:
            self._incoming.ask_again()

    def end(self) -> object:
        """Return the names of the files."""
        if not self._names:
            raise InvalidRequest(_("Choose a file."), field=FILE)
        return self._names

    def close(self, *, keep: bool) -> None:
        """Delete the file that is not whole; those before it stay."""
        if self._incoming:
            self._incoming.close()


class SessionForms(FormFiles):
    """Takes the files out of the form of a folder's page and hands the rest on."""

    def __init__(
        self, app: App, *, every: float = ASK_AGAIN_SECONDS, silent: float = SILENT_SECONDS
    ) -> None:
        super().__init__(app, form=_Form, address=FORM_ADDRESS, every=every, silent=silent)
