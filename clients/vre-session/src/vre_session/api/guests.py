"""`PUT vre/guests`: who besides the owner may use the session."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from vre_session.api.base import Handler
from vre_session.authorizer import GuestList
from vre_session.guests import WrongList, parsed


class GuestsHandler(Handler):
    """The list of guests, whole."""

    @authenticated
    @authorized
    def put(self) -> None:
        """Take a list in place of the one before; who is not in it any more is out at once."""
        told = self.body()
        if not isinstance(self.authorizer, GuestList):
            raise HTTPError(409, "This session was not started by vre-session: nobody is a guest.")
        try:
            levels = parsed(told.get("guests") if isinstance(told, dict) else None)
        except WrongList as exc:
            raise HTTPError(400, str(exc)) from exc
        self.authorizer.replace(levels)
        self.answer({"guests": levels})
