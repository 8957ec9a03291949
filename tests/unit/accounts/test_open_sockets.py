"""An open page whose sign-in ends elsewhere: its websocket closes, and the person's others stay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from accounts import suspension, web_sessions
from accounts.models import Identity, User, WebSession
from tests.factories import make_user, sign_in
from tests.fakes.misbehaving.site import Site
from tests.sockets import LiveSocket

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 2


@pytest.fixture
def alice(site: Site) -> User:
    """Somebody with one identity at the provider that misbehaves when it is told to."""
    user = make_user("alice")
    Identity.objects.create(
        user=user, provider="bent", issuer=site.bent.issuer, subject="subject-1"
    )
    return user


@pytest.fixture
def browsers(alice: User) -> dict[str, WebSession]:
    """Two of Alice's browsers, each in a sign-in session of its own at the provider."""
    made = {sid: sign_in(Client(), alice) for sid in ("session-1", "session-2")}
    for sid, browser in made.items():
        browser.sid = sid
        browser.save()
    return made


async def opened(user: User, browser: WebSession) -> LiveSocket:
    socket = LiveSocket(user, session_key=browser.session_key)
    assert (await socket.open())["type"] == "websocket.accept"
    return socket


async def goes_on(socket: LiveSocket) -> bool:
    await socket.send_json({})
    return "problem" in await socket.receive_json()


def told_by_provider(site: Site, alice: User, browser: WebSession) -> None:
    token = site.bent.logout_token()
    answer = site.client.post("/accounts/backchannel/bent/", {"logout_token": token})
    assert answer.status_code == 200


def ended_on_the_list(site: Site, alice: User, browser: WebSession) -> None:
    web_sessions.end([browser])


@pytest.mark.parametrize("end", [told_by_provider, ended_on_the_list])
async def test_the_socket_of_the_browser_that_was_signed_out_closes_and_no_other(
    site: Site,
    alice: User,
    browsers: dict[str, WebSession],
    end: Callable[[Site, User, WebSession], None],
) -> None:
    here = await opened(alice, browsers["session-1"])
    there = await opened(alice, browsers["session-2"])

    await sync_to_async(end)(site, alice, browsers["session-1"])

    closed = await asyncio.wait_for(here.receive(), AT_ONCE)
    assert closed == {"type": "websocket.close", "code": 4401}
    assert await goes_on(there)
    await here.close()
    await there.close()


async def test_a_logout_of_the_person_closes_every_socket(
    site: Site, alice: User, browsers: dict[str, WebSession]
) -> None:
    sockets = [await opened(alice, browser) for browser in browsers.values()]
    site.bent.claims["sid"] = None

    await sync_to_async(told_by_provider)(site, alice, browsers["session-1"])

    for socket in sockets:
        assert (await asyncio.wait_for(socket.receive(), AT_ONCE))["code"] == 4401
        await socket.close()


async def test_suspension_closes_every_socket_and_leaves_those_of_others(
    alice: User, browsers: dict[str, WebSession]
) -> None:
    bob = await sync_to_async(make_user)("bob")
    of_bob = LiveSocket(bob)
    await of_bob.open()
    sockets = [await opened(alice, browser) for browser in browsers.values()]

    await sync_to_async(suspension.suspend)(alice, reason="a stolen laptop")

    for socket in sockets:
        assert (await asyncio.wait_for(socket.receive(), AT_ONCE))["code"] == 4401
        await socket.close()
    assert await goes_on(of_bob)
    await of_bob.close()
