"""Jupyter's authorizer for a session that is shared: the owner all, guests as the list says."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any
from weakref import WeakSet

from jupyter_server.auth.authorizer import Authorizer
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from vre_session.guests import Guests

POLICY_VIOLATION = 1008
ENDED = "You are no longer a guest of this session."


class GuestList(Authorizer):  # type: ignore[misc]  # jupyter-server is not where mypy runs
    """Lets in whom the list of guests names, and closes what they have open when it does no more.

    Not every handler asks an authorizer: those of extensions mostly ask only who it is. So the
    identity is watched too, which every handler asks for before anything else.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.guests = Guests.of(os.environ)
        self._open: dict[str, WeakSet[WebSocketHandler]] = {}
        provider = self.identity_provider
        provider.get_user = self._watched(provider.get_user)

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Whether somebody may do this."""
        return self.guests.may_do(_name_of(user), action, resource)

    def replace(self, levels: dict[str, Any]) -> None:
        """Take a new list of guests, and close the websockets of those whom it no longer lets."""
        for name in self.guests.replace(levels):
            for handler in list(self._open.pop(name, ())):
                # A client that does not answer the closing could go on sending for seconds.
                handler.on_message = _ignored
                handler.close(POLICY_VIOLATION, ENDED)

    def _watched(self, ask: Callable[[Any], Any]) -> Callable[[Any], Awaitable[Any]]:
        async def get_user(handler: Any) -> Any:
            user = ask(handler)
            user = await user if isawaitable(user) else user
            if user is None:
                return None
            name, request = _name_of(user), handler.request
            below = request.path.removeprefix(handler.base_url)
            if not self.guests.may_open(name, request.method, below):
                handler.redirect = _refused  # a sign-in page would lead back here for ever
                return None
            if isinstance(handler, WebSocketHandler) and name != self.guests.owner:
                self._open.setdefault(name, WeakSet()).add(handler)
            return user

        return get_user


def _name_of(user: Any) -> str:
    """Return the hub user's name; a service of that name is nobody."""
    hub_user = getattr(user, "hub_user", {"kind": "user"})
    return str(user.username) if hub_user.get("kind") == "user" else ""


def _refused(*_arguments: object, **_named: object) -> None:
    raise HTTPError(403, "You are no guest of this session. Ask its owner.")


def _ignored(*_arguments: object) -> None:
    """Take no message any more."""
