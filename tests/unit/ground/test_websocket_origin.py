"""The websocket of the whole application: pages of this site only."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from vre_portal.asgi import application
from vre_portal.config import get_config


async def answers(*headers: tuple[bytes, bytes], path: str = "/ws/live") -> list[dict[str, Any]]:
    """Return what the application says to a handshake, until it ends."""
    scope = {
        "type": "websocket", "path": path, "query_string": b"", "headers": list(headers),
        "client": ("127.0.0.1", 1), "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }  # fmt: skip
    make: Any = ApplicationCommunicator  # asgiref has no types for it
    wire = make(application, scope)
    await wire.send_input({"type": "websocket.connect"})
    told = [dict(await wire.receive_output(2)), dict(await wire.receive_output(2))]
    await wire.wait(2)
    return told


ORIGIN = (b"origin", get_config().public_url.encode())
SESSION = settings.SESSION_COOKIE_NAME.encode()


@pytest.mark.parametrize(
    "origin", [b"https://evil.example", b"null", b"", b"http://127.0.0.1:1", b"http://[", b"a:b"]
)
async def test_another_site_is_refused_before_anybody_is_looked_up(origin: bytes) -> None:
    refused = (await answers((b"origin", origin)))[0]

    assert (refused["type"], refused["status"]) == ("websocket.http.response.start", 403)


async def test_no_origin_is_refused() -> None:
    assert (await answers())[0]["status"] == 403


async def test_two_origins_are_refused() -> None:
    assert (await answers((b"origin", b"https://evil.example"), ORIGIN))[0]["status"] == 403


async def test_an_unknown_address_is_not_found_and_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    start, body = await answers(ORIGIN, path="/ws/other")

    assert start["status"] == 404
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert b"not-found" in body["body"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cookie", [b"", SESSION + b"=unknown"])
async def test_our_own_pages_get_as_far_as_the_sign_in_and_hear_why(cookie: bytes) -> None:
    accepted, closed = await answers(ORIGIN, (b"cookie", cookie))

    assert accepted["type"] == "websocket.accept"
    assert closed["code"] == 4401


async def test_a_cookie_that_no_database_takes_is_refused() -> None:
    assert (await answers(ORIGIN, (b"cookie", SESSION + b'="\\000 in it"')))[0]["status"] == 403
