"""`PUT vre/keep-alive`: whether running kernels count as activity."""

from __future__ import annotations

from datetime import UTC, datetime

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from vre_session.api.base import Handler
from vre_session.keep_alive import note
from vre_session.state import kernels_of


class KeepAliveHandler(Handler):
    """The user's choice."""

    @authenticated
    @authorized
    def put(self) -> None:
        """Take the choice."""
        told = self.body()
        on = told.get("on") if isinstance(told, dict) else None
        if not isinstance(on, bool):
            raise HTTPError(400, "on: true or false.")
        self.state.keep_alive.choose(on=on)
        busy = kernels_of(self.kernel_manager).busy
        note(self.state.keep_alive, busy, self.settings["last_activity_times"], datetime.now(UTC))
        self.answer({"on": on})
