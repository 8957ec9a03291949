"""Answers that Django does not make: the same headers, an id, and no fault told in bare text."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.test import override_settings

from tests.streams import Reader
from vre_portal import headers, raw_asgi
from vre_portal.body_limit import MAX_BODY, BodyLimit
from vre_portal.logs import client_address, request_id
from vre_portal.raw_asgi import App, Edge

HSTS = b"strict-transport-security"
BEHIND_A_PROXY = {
    "SECURE_HSTS_SECONDS": 3600, "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
}  # fmt: skip


async def bare(scope: Any, receive: Any, send: Any) -> None:
    await raw_asgi.start(send, 200, {"Content-Type": "text/plain"})
    await raw_asgi.body(send, b"", more=False)


async def strict(scope: Any, receive: Any, send: Any) -> None:
    told = [(b"Content-Security-Policy", b"its own"), (b"Cache-Control", b"public")]
    await send({"type": "http.response.start", "status": 200, "headers": told})
    await send({"type": "http.response.body"})


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("a fault")


async def broken_later(scope: Any, receive: Any, send: Any) -> None:
    await raw_asgi.start(send, 200, {})
    await raw_asgi.body(send, b"the first", more=True)
    raise RuntimeError("a fault")


async def sends_too_much(scope: Any, receive: Any, send: Any) -> None:
    async def endless() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * MAX_BODY, "more_body": True}

    await BodyLimit(read_all)(scope, endless, send)


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def told(answer: Reader) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in answer.start["headers"]}


@pytest.mark.parametrize(
    ("app", "status"), [(bare, 200), (broken, 500), (sends_too_much, 413)],
    ids=["a stream", "a fault", "a body that is too large"],
)  # fmt: skip
async def test_every_raw_answer_has_the_headers_of_pages(app: App, status: int) -> None:
    answer = await Reader().get(Edge(app), "/")

    assert answer.status == status
    has = told(answer)
    assert {name: has[name.lower()] for name in headers.ALWAYS} == dict(headers.ALWAYS)
    assert has["content-security-policy"] == headers.NO_PAGE
    assert has["cache-control"] == "no-store"
    assert len(has["x-request-id"]) == 12
    assert "strict-transport-security" not in has


async def test_what_an_answer_says_itself_stays() -> None:
    answer = await Reader().get(Edge(strict), "/")

    assert told(answer)["content-security-policy"] == "its own"
    assert told(answer)["cache-control"] == "public"
    names = [name for name, _value in answer.start["headers"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("app", [bare, broken, sends_too_much])
async def test_over_https_every_raw_answer_keeps_browsers_there(app: App) -> None:
    with override_settings(**BEHIND_A_PROXY):
        secure = await Reader(**{"x-forwarded-proto": "https"}).get(Edge(app), "/")
        plain = await Reader(**{"x-forwarded-proto": "http"}).get(Edge(app), "/")

    assert told(secure)[HSTS.decode()] == "max-age=3600; includeSubDomains"
    assert HSTS.decode() not in told(plain)


async def test_a_forwarded_scheme_counts_only_behind_a_proxy() -> None:
    with override_settings(SECURE_HSTS_SECONDS=3600):
        answer = await Reader(**{"x-forwarded-proto": "https"}).get(Edge(bare), "/")

    assert HSTS.decode() not in told(answer)


async def test_a_fault_is_a_problem_with_the_reference_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await Reader().get(Edge(broken), "/")

    problem = answer.problem()
    assert problem["code"] == "error"
    assert problem["instance"] == f"urn:request:{told(answer)['x-request-id']}"
    assert "RuntimeError: a fault" in caplog.text
    assert "a fault" not in json.dumps(problem)


async def test_a_fault_in_the_midst_cuts_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    answer = await Reader().get(Edge(broken_later), "/")

    assert answer.status == 200
    assert not answer.complete
    assert "RuntimeError: a fault" in caplog.text


async def test_a_client_that_is_gone_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    class Gone(OSError):
        """What a server raises to end what still sends."""

    async def gone(message: object) -> None:
        raise Gone

    scope = {"type": "http", "path": "/", "headers": []}

    with pytest.raises(Gone):
        await Edge(bare)(scope, None, gone)  # type: ignore[arg-type]  # nothing is received

    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_broken_handshake_is_answered_over_http() -> None:
    heard: list[Any] = []

    async def hear(message: object) -> None:
        heard.append(message)

    scope = {
        "type": "websocket", "path": "/ws/live", "headers": [],
        "extensions": {"websocket.http.response": {}},
    }  # fmt: skip

    await Edge(broken)(scope, None, hear)  # type: ignore[arg-type]  # nothing is received

    assert (heard[0]["type"], heard[0]["status"]) == ("websocket.http.response.start", 500)
    assert dict(heard[0]["headers"])[b"x-frame-options"] == b"DENY"
    assert json.loads(heard[1]["body"])["code"] == "error"


async def test_each_request_has_an_id_and_an_address_until_it_ends() -> None:
    known: list[tuple[str, str]] = []

    async def note(scope: Any, receive: Any, send: Any) -> None:
        known.append((request_id.get(), client_address.get()))
        await bare(scope, receive, send)

    for _ in range(2):
        await Reader(**{"x-forwarded-for": "192.0.2.1"}).get(Edge(note), "/")

    assert known[0][0] != known[1][0]
    assert {address for _id, address in known} == {"127.0.0.1"}
    assert (request_id.get(), client_address.get()) == ("-", "")


async def test_other_kinds_of_scope_pass_untouched() -> None:
    seen: list[str] = []

    async def note(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await Edge(note)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]  # nothing is sent

    assert seen == ["lifespan"]
