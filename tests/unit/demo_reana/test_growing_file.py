"""A file that grows while it is downloaded comes as it was when the answer began."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest

from demo.reana.api.cutting import cut

Message = MutableMapping[str, Any]


async def passed(size: int, *bodies: bytes) -> list[Message]:
    """Return what is sent of an answer whose body comes in such pieces."""
    heard: list[Message] = []

    async def send(message: Message) -> None:
        heard.append(message)

    bounded = cut(send, size)
    await bounded({"type": "http.response.start", "status": 200})
    for number, body in enumerate(bodies, start=1):
        more = number < len(bodies)
        await bounded({"type": "http.response.body", "body": body, "more_body": more})
    return heard


@pytest.mark.parametrize(
    "bodies",
    [(b"0123", b"45"), (b"0123456789",), (b"0123", b"4567", b"89"), (b"012345", b"6", b"7")],
)
async def test_it_ends_where_its_length_says(bodies: tuple[bytes, ...]) -> None:
    start, *parts = await passed(6, *bodies)

    assert start["type"] == "http.response.start"
    assert b"".join(part["body"] for part in parts) == b"012345"
    assert [part["more_body"] for part in parts][-1] is False
    assert all(part["more_body"] for part in parts[:-1])


async def test_a_file_that_shrinks_ends_early() -> None:
    _start, *parts = await passed(6, b"012", b"")

    assert b"".join(part["body"] for part in parts) == b"012"
    assert parts[-1]["more_body"] is False
