"""A file that the upload page's form sends: its bytes go to the disk, the rest goes to Django."""

from __future__ import annotations

import re

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from data_mgmt.services import staging, uploads
from data_mgmt.upload_forms import wish_of
from vre_portal.errors import InvalidRequest
from vre_portal.form_files import FILE, Form, FormFiles
from vre_portal.racing import ASK_AGAIN_SECONDS
from vre_portal.raw_asgi import App
from vre_portal.uploading import AREA, SILENT_SECONDS, Incoming, admitted

ADDRESS = re.compile("/data/uploads/")


class _Form(Form):
    """The form with one file, whose fields say where it goes."""

    area = AREA

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.piece: Incoming | None = None
        self.is_whole = False

    def begin(self, filename: str) -> bool:
        """Begin the upload, at most as long as the whole form is: only its end tells its size."""
        if self.piece is not None:
            return False
        fields = QueryDict(self.encoded())
        self.request.POST = fields
        caller = admitted(self.request)
        length = int(self.request.headers["Content-Length"])
        wish = wish_of(caller.user, fields, filename=filename, size=length)
        upload = uploads.begin(caller.user, wish)
        self.piece = Incoming(caller, upload, staging.Piece(upload.pk), 0)
        return True

    def take(self, data: bytes) -> None:
        """Write to the disk."""
        if self.piece is not None:
            self.piece.add(data)

    def file_ended(self) -> None:
        """Note that its size is known now."""
        self.is_whole = True

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


class FormUploads(FormFiles):
    """Takes the file out of the upload page's form and hands the rest on."""

    def __init__(
        self, app: App, *, every: float = ASK_AGAIN_SECONDS, silent: float = SILENT_SECONDS
    ) -> None:
        super().__init__(app, form=_Form, address=ADDRESS, every=every, silent=silent)
