"""`GET vre/log`: the last lines of the server's log."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from vre_session.api.base import Handler

USUAL = "200"


class LogHandler(Handler):
    """The log since the start, tokens hidden."""

    @authenticated
    @authorized
    def get(self) -> None:
        """Answer with so many lines, the newest last."""
        wanted = self.get_query_argument("lines", USUAL)
        if not (wanted.isdecimal() and wanted.isascii()) or len(wanted) > 6:
            raise HTTPError(400, "lines: a whole number.")
        self.answer({"lines": self.state.log.last(int(wanted))})
