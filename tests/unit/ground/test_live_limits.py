"""What a websocket may send, how often one may be opened, and what a page hears of a refusal."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import User, WebSession
from tests.factories import make_user, sign_in
from tests.sockets import LiveSocket
from vre_portal.errors import TooManyRequests
from vre_portal.limits import SOCKETS
from vre_portal.live import MAX_MESSAGE, MAX_MESSAGES, LiveConsumer
from vre_portal.logs import client_address

pytestmark = pytest.mark.django_db(transaction=True)

ASK = 'Send {"watch": ["run:<id>", ...]}.'


@pytest.fixture
async def alice() -> User:
    return await sync_to_async(make_user)("alice")


async def opened(user: User) -> LiveSocket:
    socket = LiveSocket(user)
    assert (await socket.open())["type"] == "websocket.accept"
    return socket


async def refused(user: User | AnonymousUser, session_key: str = "") -> dict[str, Any]:
    """Open a socket that is accepted only to be closed: a page hears a code no other way."""
    socket = LiveSocket(user, session_key=session_key)
    assert (await socket.open())["type"] == "websocket.accept"
    return await socket.receive()


def use_up(user: User) -> None:
    for _ in range(2 * SOCKETS.count):
        try:
            SOCKETS.use(user.pk)
        except TooManyRequests:
            return


@pytest.mark.parametrize(
    "text", ["[" * MAX_MESSAGE, '{"watch":' * 5000, "{", "", "null", '{"watch": {}}', "\\u0000"]
)
async def test_what_is_no_message_is_a_problem_and_the_socket_goes_on(
    alice: User, text: str
) -> None:
    socket = await opened(alice)

    await socket.send_text(text)

    assert await socket.receive_json() == {"problem": ASK}
    await socket.send_text("again")
    assert await socket.receive_json() == {"problem": ASK}
    await socket.close()


async def test_a_long_message_closes_the_socket(alice: User) -> None:
    socket = await opened(alice)

    await socket.send_text("x" * (MAX_MESSAGE + 1))

    assert (await socket.receive())["code"] == 1009
    await socket.close()


async def test_too_many_messages_close_the_socket(alice: User) -> None:
    socket = await opened(alice)

    for _ in range(MAX_MESSAGES + 1):
        await socket.send_text("{}")
    told = [await socket.receive() for _ in range(MAX_MESSAGES + 1)]

    assert told[-1] == {"type": "websocket.close", "code": 4429}
    await socket.close()


async def test_too_many_sockets_are_refused_with_the_time_to_wait(alice: User) -> None:
    await sync_to_async(use_up)(alice)
    socket = LiveSocket(alice)

    start, body = await socket.open(), await socket.receive()

    assert (start["type"], start["status"]) == ("websocket.http.response.start", 429)
    assert 0 < int(dict(start["headers"])[b"retry-after"]) <= SOCKETS.seconds
    assert json.loads(body["body"])["code"] == "too-many-requests"
    bob = await sync_to_async(make_user)("bob")
    await (await opened(bob)).close()


async def test_a_server_that_cannot_answer_over_http_refuses_the_handshake(alice: User) -> None:
    await sync_to_async(use_up)(alice)

    answer = await LiveSocket(alice, server="another").open()

    assert answer["type"] == "websocket.close"


async def test_a_page_hears_that_nobody_is_signed_in_any_more(alice: User) -> None:
    assert (await refused(alice, "ended"))["code"] == 4401


async def test_a_page_hears_that_its_owner_may_not_act(alice: User) -> None:
    await sync_to_async(User.objects.filter(pk=alice.pk).update)(roles=[])

    assert (await refused(alice))["code"] == 4403


async def test_a_browser_that_was_away_too_long_is_told_so(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveConsumer, "recheck_seconds", 0.05)
    browser = await sync_to_async(sign_in)(Client(), alice)
    socket = LiveSocket(alice, session_key=browser.session_key)
    assert (await socket.open())["type"] == "websocket.accept"
    long_ago = timezone.now() - timedelta(days=60)

    await sync_to_async(WebSession.objects.filter(pk=browser.pk).update)(last_seen_at=long_ago)

    assert (await socket.receive())["code"] == 4401
    assert await sync_to_async(Session.objects.filter(pk=browser.session_key).exists)()
    await socket.close()


async def test_strangers_sockets_are_limited_by_address() -> None:
    nobody = AnonymousUser()
    assert (await refused(nobody))["code"] == 4401
    for _ in range(2 * SOCKETS.count):
        try:
            await sync_to_async(SOCKETS.use)(client_address.get())
        except TooManyRequests:
            break

    answer = await LiveSocket(nobody).open()

    assert (answer["type"], answer["status"]) == ("websocket.http.response.start", 429)
