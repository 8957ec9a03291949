"""ZIPs that are to be captured: their bytes go to the disk as they come, the rest to Django."""

from __future__ import annotations

import re

from django.http import HttpRequest, QueryDict

from accounts.callers import Caller
from reproducibility.services.captures.archive_source import let_go
from reproducibility.services.captures.incoming import Incoming
from vre_portal.form_files import Form, FormFiles
from vre_portal.racing import ASK_AGAIN_SECONDS
from vre_portal.raw_asgi import App
from vre_portal.uploading import SILENT_SECONDS, admitted

AREA = "workflows"
ADDRESS = re.compile(r"/captures/new|/api/v1/analyses")


class _Form(Form):
    """The form or call with one ZIP."""

    area = AREA

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._caller: Caller | None = None
        self._incoming: Incoming | None = None
        self._told: dict[str, str] = {}

    def begin(self, filename: str) -> bool:
        """Begin the archive, once whoever sends it may; a second one is not taken."""
        if self._incoming is not None:
            return False
        self.request.POST = QueryDict(self.encoded())
        self._caller = admitted(self.request, area=AREA)
        self._incoming = Incoming(size=int(self.request.headers["Content-Length"]))
        self._told = {"name": re.split(r"[/\\]", filename)[-1]}
        return True

    def take(self, data: bytes) -> None:
        """Write to the disk."""
        if self._incoming is not None:
            self._incoming.add(data)

    def file_ended(self) -> None:
        """Keep it until a worker has read it."""
        if self._incoming is not None:
            self._told["archive"] = self._incoming.end()

    def ask_again(self) -> None:
        """Raise once the sender may not act any more."""
        if self._caller is not None:
            self._caller.ask_again()

    def end(self) -> object:
        """Return name and key of the archive; without one the form says so itself."""
        return self._told

    def close(self, *, keep: bool) -> None:
        """Remove what is not whole, or not wanted."""
        if self._incoming is not None and not (keep and "archive" in self._told):
            self._incoming.give_up()

    def answered(self) -> None:
        """Remove an archive that no capture took, whatever refused it."""
        if self._caller is not None and "archive" in self._told:
            let_go(self._caller.user, self._told["archive"])


class CaptureUploads(FormFiles):
    """Takes the ZIP out of a capture's form or call and hands the rest on."""

    def __init__(
        self, app: App, *, every: float = ASK_AGAIN_SECONDS, silent: float = SILENT_SECONDS
    ) -> None:
        super().__init__(app, form=_Form, address=ADDRESS, every=every, silent=silent)
