"""What a raw ASGI answer does side by side: its work, and watching whether it should go on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import Error as NoDatabase
from django.db import connections

from vre_portal.raw_asgi import Receive

log = logging.getLogger(__name__)

T = TypeVar("T")
#: How long somebody who may not act any more goes on reading at most.
ASK_AGAIN_SECONDS = 30.0


async def first_of(*works: Awaitable[None]) -> None:
    """Do all of it until the first is done or fails; the others end with it."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def left(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def asked_again(question: Callable[[], object], *, every: float) -> None:
    """Ask every so often until it raises; a database that is away for a while ends nothing."""
    while True:
        await asyncio.sleep(every)
        try:
            await in_thread(question)
        except NoDatabase as exc:
            log.warning("not asked again: %s", exc)


async def in_thread(function: Callable[[], T]) -> T:
    """Do what waits in a thread, which gives its connection to the database back."""

    def run() -> T:
        try:
            return function()
        finally:
            connections.close_all()

    return await sync_to_async(run, thread_sensitive=False)()
