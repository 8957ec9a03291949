"""`PUT vre/keep-alive`: whether running kernels count as activity."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from vre_session.api.base import Handler


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
        self.answer({"on": on})
