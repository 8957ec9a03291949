"""Tables of points: their bytes go to the disk as they come, the rest of the form to Django."""

from __future__ import annotations

import re
import tempfile
from typing import IO

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from accounts.callers import Caller
from reproducibility.campaign_tables import FIELD, Incoming
from reproducibility.points.limits import MOST_BYTES
from vre_portal.components.formats import size
from vre_portal.errors import InvalidRequest
from vre_portal.form_files import Form, FormFiles
from vre_portal.racing import ASK_AGAIN_SECONDS
from vre_portal.raw_asgi import App
from vre_portal.uploading import SILENT_SECONDS, admitted

AREA = "workflows"
ADDRESS = re.compile(r"/analyses/[-\w]+/campaign(?:/preview)?|/api/v1/campaigns(?:/preview)?")


class _Form(Form):
    """The form or call with one table."""

    area = AREA

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._caller: Caller | None = None
        self._file: IO[bytes] | None = None
        self._name, self._size, self._is_whole = "", 0, False

    def begin(self, filename: str) -> bool:
        """Begin the table, once whoever sends it may; a second one is not taken."""
        if self._file is not None:
            return False
        self.request.POST = QueryDict(self.encoded())
        self._caller = admitted(self.request, area=AREA)
        # Nobody but this process and the cage ever reads it: a file without a name.
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close` or `answered`
        self._name = re.split(r"[/\\]", filename)[-1]
        return True

    def take(self, data: bytes) -> None:
        """Write to the disk; more than a table may have is refused at once."""
        self._size += len(data)
        if self._size > MOST_BYTES:
            words = _("A table has at most %s. Bring it in parts, as several campaigns.")
            raise InvalidRequest(words % size(MOST_BYTES), field=FIELD)
        if self._file is not None:
            self._file.write(data)

    def file_ended(self) -> None:
        """Hand it out from its beginning."""
        if self._file is not None:
            self._file.seek(0)
            self._is_whole = True

    def ask_again(self) -> None:
        """Raise once the sender may not act any more."""
        if self._caller is not None:
            self._caller.ask_again()

    def end(self) -> object:
        """Return the table; None without one, for the form to say."""
        if self._file is None or not self._is_whole:
            return None
        return Incoming(self._name, self._size, self._file)

    def close(self, *, keep: bool) -> None:
        """Remove what is not whole, or not wanted."""
        if self._file is not None and not (keep and self._is_whole):
            self._file.close()

    def answered(self) -> None:
        """Remove a table that no view took."""
        if self._file is not None:
            self._file.close()


class CampaignUploads(FormFiles):
    """Takes the table out of a campaign's form or call and hands the rest on."""

    def __init__(
        self, app: App, *, every: float = ASK_AGAIN_SECONDS, silent: float = SILENT_SECONDS
    ) -> None:
        super().__init__(app, form=_Form, address=ADDRESS, every=every, silent=silent)
