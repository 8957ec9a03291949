"""The websocket of the whole application: pages of this site only."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from vre_portal.asgi import application
from vre_portal.config import get_config


async def first_answer(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    scope = {
        "type": "websocket", "path": "/ws/live", "query_string": b"", "headers": list(headers),
        "client": ("127.0.0.1", 1), "subprotocols": [],
    }  # fmt: skip
    make: Any = ApplicationCommunicator  # asgiref has no types for it
    wire = make(application, scope)
    await wire.send_input({"type": "websocket.connect"})
    return dict(await wire.receive_output(2))


@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", b"", b"http://127.0.0.1:1"])
async def test_another_site_is_refused_before_anybody_is_looked_up(origin: bytes) -> None:
    answer = await first_answer((b"origin", origin))

    assert answer["type"] == "websocket.close"
    assert answer.get("code") != 4401


async def test_no_origin_is_refused() -> None:
    assert (await first_answer())["type"] == "websocket.close"


@pytest.mark.django_db(transaction=True)
async def test_our_own_pages_get_as_far_as_the_sign_in() -> None:
    answer = await first_answer((b"origin", get_config().public_url.encode()))

    assert answer == {"type": "websocket.close", "code": 4401}
