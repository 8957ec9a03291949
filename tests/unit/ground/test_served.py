"""What clients see of the whole application through the real server, on real HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn
from asgiref.sync import sync_to_async
from django.db import connections

from accounts.models import User
from tests.factories import make_user
from tests.streams import Reader, cookies_of
from vre_portal import headers, raw_asgi
from vre_portal.asgi import application
from vre_portal.config import get_config
from vre_portal.errors import TooManyRequests
from vre_portal.limits import SOCKETS
from vre_portal.raw_asgi import App, Edge

SECONDS = 5


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[int]:
    """Serve an application on loopback; yield the port."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, lifespan="off", log_config=None, ws_max_size=65536)
    )
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving(application) as port:
        yield port


@pytest.fixture
async def page() -> AsyncIterator[aiohttp.ClientSession]:
    """What a browser sends from a page of ours."""
    told = {"Origin": get_config().public_url, "Host": get_config().host}
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(headers=told, timeout=timeout) as session:
        yield session


def a_member() -> tuple[User, str]:
    try:
        user = make_user("alice")
        return user, cookies_of(user)
    finally:
        connections.close_all()


def use_up(user: User) -> None:
    for _ in range(2 * SOCKETS.count):
        try:
            SOCKETS.use(user.pk)
        except TooManyRequests:
            return


async def test_a_list_that_is_cut_is_no_whole_list_to_a_client(
    page: aiohttp.ClientSession,
) -> None:
    async def cut(scope: Any, receive: Any, send: Any) -> None:
        await raw_asgi.start(send, 200, {"Content-Type": "application/x-ndjson"})
        await raw_asgi.body(send, b'{"name": "first"}\n', more=True)

    async with (
        serving(Edge(cut)) as port,
        page.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        assert await answer.content.readline() == b'{"name": "first"}\n'
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.content.read()


@pytest.mark.django_db(transaction=True)
async def test_a_stranger_at_a_stream_gets_a_problem_with_all_headers(
    port: int, page: aiohttp.ClientSession
) -> None:
    address = f"http://127.0.0.1:{port}/api/v1/data/scopes?stream=1"

    async with page.get(address) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert {name: answer.headers[name] for name in headers.ALWAYS} == dict(headers.ALWAYS)
        assert json.loads(await answer.read())["code"] == "sign-in-required"


async def test_a_request_that_no_middleware_sees_has_the_headers_too() -> None:
    # Django gives up on these bytes before its first middleware.
    answer = await Reader(host=get_config().host).get(application, "/", "q=\xff")

    assert answer.status == 400
    assert answer.header(b"content-security-policy") == headers.NO_PAGE
    assert answer.header(b"x-frame-options") == "DENY"


@pytest.mark.django_db(transaction=True)
async def test_a_page_reads_the_code_of_a_refusal(port: int, page: aiohttp.ClientSession) -> None:
    async with page.ws_connect(f"http://127.0.0.1:{port}/ws/live") as socket:
        closed = await socket.receive(SECONDS)

    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 4401)


@pytest.mark.django_db(transaction=True)
async def test_too_many_handshakes_are_answered_429(port: int, page: aiohttp.ClientSession) -> None:
    user, cookies = await sync_to_async(a_member)()
    address = f"http://127.0.0.1:{port}/ws/live"
    async with page.ws_connect(address, headers={"Cookie": cookies}) as socket:
        await socket.send_str("{}")
        assert "problem" in await socket.receive_json()
    await sync_to_async(use_up)(user)

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await page.ws_connect(address, headers={"Cookie": cookies})

    assert refused.value.status == 429
    assert refused.value.headers is not None
    assert int(refused.value.headers["Retry-After"]) <= SOCKETS.seconds
    assert refused.value.headers["X-Frame-Options"] == "DENY"


async def test_an_unknown_websocket_is_not_found_and_leaves_no_traceback(
    port: int, page: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await page.ws_connect(f"http://127.0.0.1:{port}/ws/other")

    assert refused.value.status == 404
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
