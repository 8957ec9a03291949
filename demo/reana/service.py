"""The runner's web service: `python -m demo.reana.service`."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncIterator

import uvicorn
from psycopg import DataError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.reana.api import about, creating, people, sharing, workflows, workspace
from demo.reana.api.call import broken, refused, unknown, unstorable
from demo.reana.composition import Runner, make_runner
from demo.reana.errors import RunnerError
from demo.reana.settings import read_settings

log = logging.getLogger("reana.access")


class AccessLog:
    """Logs each call without its query, where the token is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, and log how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            spent = (time.monotonic() - began) * 1000
            # The path as it was sent: a decoded one may hold a line feed.
            path = scope["raw_path"].decode("ascii", "replace")
            log.info("%s %s %s %.0f ms", scope["method"], path, status, spent)


def make_app(runner: Runner) -> Starlette:
    """Return the application; its start and end are the engine's."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await run_in_threadpool(runner.start)
        yield
        await run_in_threadpool(runner.close)

    app = Starlette(
        routes=[
            *about.ROUTES,
            *people.ROUTES,
            *creating.ROUTES,
            *workflows.ROUTES,
            *sharing.ROUTES,
            *workspace.ROUTES,
        ],
        exception_handlers={
            RunnerError: refused,
            HTTPException: unknown,
            DataError: unstorable,
            UnicodeEncodeError: unstorable,
            Exception: broken,
        },
        lifespan=lifespan,
    )
    app.add_middleware(AccessLog)
    app.state.runner = runner
    return app


def main() -> None:
    """Serve until a signal ends the service."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = read_settings()
    uvicorn.run(
        make_app(make_runner(settings)),
        host="127.0.0.1",
        port=settings.port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=2,
        ws="none",
    )


if __name__ == "__main__":
    main()
