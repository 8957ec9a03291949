"""Bodies that are too large, announced or not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from vre_portal.body_limit import MAX_BODY, BodyLimit


def test_an_announced_body_is_refused(browser: Client) -> None:
    answer = browser.post(
        "/api/v1/requests", data="x" * (MAX_BODY + 1), content_type="application/json"
    )

    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"


@pytest.mark.parametrize("length", ["-1", "many"])
def test_a_length_that_is_none_is_refused(browser: Client, length: str) -> None:
    answer = browser.post("/accounts/logout/", CONTENT_LENGTH=length)

    assert answer.status_code == 413


class Sender:
    """Sends a body in chunks without telling how long it will be, and hears the answer."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks
        self.heard: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        self.chunks -= 1
        return {"type": "http.request", "body": b"x" * 65536, "more_body": self.chunks > 0}

    async def send(self, message: Any) -> None:
        self.heard.append(message)


async def reader(scope: Any, receive: Any, send: Any) -> None:
    """Read like Django: to the end, or until the client is gone."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def test_a_body_without_length_is_cut_off() -> None:
    client = Sender(chunks=1000)

    await BodyLimit(reader)({}, client.receive, client.send)

    assert client.heard[0]["status"] == 413
    assert json.loads(client.heard[1]["body"])["code"] == "too-large"
    assert client.chunks >= 1000 - MAX_BODY // 65536 - 1


async def test_a_body_at_the_limit_passes() -> None:
    client = Sender(chunks=MAX_BODY // 65536)

    await BodyLimit(reader)({}, client.receive, client.send)

    assert client.heard[1]["body"] == str(MAX_BODY).encode()


async def test_a_body_that_goes_on_after_the_answer_began_only_ends_the_request() -> None:
    client = Sender(chunks=1000)

    async def answers_first(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            pass

    await BodyLimit(answers_first)({}, client.receive, client.send)

    assert [message["status"] for message in client.heard] == [200]


async def test_nothing_follows_the_refusal() -> None:
    client = Sender(chunks=1000)

    async def answers_anyway(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    await BodyLimit(answers_anyway)({}, client.receive, client.send)

    assert [message["type"] for message in client.heard] == [
        "http.response.start", "http.response.body",
    ]  # fmt: skip
