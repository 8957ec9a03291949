"""What all handlers of the session's API have in common."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError

from vre_session.state import State

MOST_BYTES = 64 * 1024


class Handler(APIHandler):  # type: ignore[misc]  # jupyter-server is not where mypy runs
    """Answers the session's owner, and the portal with a token of theirs."""

    auth_resource = "vre"
    # The portal looks on by itself: that is nobody's activity.
    _track_activity = False

    def initialize(self, state: State) -> None:
        """Take what the session's parts share."""
        self.state = state

    def body(self) -> Any:
        """Return the JSON that was sent."""
        if len(self.request.body) > MOST_BYTES:
            raise HTTPError(413, "Too long.")
        return self.get_json_body()

    def answer(self, told: object, status: int = 200) -> None:
        """Answer with JSON that nobody keeps."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(told))
