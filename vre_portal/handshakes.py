"""Websockets that nobody gets: opened by another site's page, or where there is none."""

from __future__ import annotations

from urllib.parse import urlparse

from channels.security.websocket import OriginValidator
from django.http import parse_cookie

from vre_portal.config import get_config
from vre_portal.errors import Forbidden, NotFound
from vre_portal.raw_asgi import App, Receive, Scope, Send, header_of, refuse_handshake


class OurPages:
    """Lets in what pages of this site open; others are refused before anybody is looked up."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._origins = OriginValidator(app, [get_config().public_url])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if self._is_ours(header_of(scope, b"origin")) and not _has_nul(scope):
            await self._app(scope, receive, send)
            return
        await receive()
        await refuse_handshake(scope, send, Forbidden("Only this site's own pages may do this."))

    def _is_ours(self, origin: str) -> bool:
        try:
            return bool(origin and self._origins.valid_origin(urlparse(origin)))
        except ValueError:  # what the validator itself does not expect
            return False


def _has_nul(scope: Scope) -> bool:
    """Whether a cookie has a NUL character in it, which no browser sends and no database takes."""
    return any("\0" in value for value in parse_cookie(header_of(scope, b"cookie")).values())


async def no_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a websocket at an address where there is none."""
    await receive()
    await refuse_handshake(scope, send, NotFound("There is no websocket at this address."))
