"""What the portal asks of a running session, below `vre/` of the session's own address."""

from __future__ import annotations

from typing import Any

from vre_session.api.guests import GuestsHandler
from vre_session.api.keep_alive import KeepAliveHandler
from vre_session.api.log import LogHandler
from vre_session.api.repository import FetchHandler, RepositoryHandler
from vre_session.api.usage import UsageHandler
from vre_session.state import State


def routes(base_url: str, state: State) -> list[tuple[str, type, dict[str, Any]]]:
    """Return the handlers, each with the session's state."""
    found: dict[str, type] = {
        "usage": UsageHandler,
        "log": LogHandler,
        "keep-alive": KeepAliveHandler,
        "repository": RepositoryHandler,
        "repository/([0-9a-f-]{36})": FetchHandler,
        "guests": GuestsHandler,
    }
    return [(f"{base_url}vre/{path}", handler, {"state": state}) for path, handler in found.items()]
