"""`GET vre/usage`: what the session uses of what it may use."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from vre_session.api.base import Handler
from vre_session.state import kernels_of


class UsageHandler(Handler):
    """Memory, processor, storage and kernels."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the figures of now; a folder's size may be some minutes old."""
        look = await asyncio.to_thread(
            self.state.usage.look,
            kernels_of(self.kernel_manager),
            keep_alive=self.state.keep_alive.on,
            last_activity=self.serverapp.web_app.last_activity(),
            now=datetime.now(UTC),
        )
        self.answer(look)
