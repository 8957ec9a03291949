"""The streams: bytes untouched, back-pressure, faults, and nothing left open behind a client."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from aiohttp import web
from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, connections

from accounts import suspension, web_sessions
from accounts.credentials import Credential
from accounts.models import User
from tests.fakes.data import FakeDataBackend
from tests.streams import ROWS, SEARCH, Reader, Upstream, cookies_of, serving
from vre_portal.errors import Forbidden, SignInRequired, UpstreamUnavailable
from vre_portal.logs import TokenFilter
from vre_portal.raw_asgi import App, Edge
from vre_portal.streaming import Prepared, Streams, Wanted, rows_for


@pytest.fixture
async def upstream(data_backend: FakeDataBackend) -> AsyncIterator[Upstream]:
    async with serving() as made:
        data_backend.stream_base = made.base
        yield made


class Gate:
    """Who may read: without a database, signed in is who sends the cookie "alice"."""

    def __init__(self) -> None:
        self.refusal: Exception | None = None
        self.fault: Exception | None = None
        self.asked = 0

    def prepare(self, wanted: Wanted) -> Prepared:
        if self.fault is not None:
            raise self.fault
        if wanted.request.headers["Cookie"] != "alice":
            raise SignInRequired("Sign in to use the API.")
        later = datetime.now(UTC) + timedelta(minutes=5)
        credential = Credential(uuid.uuid4(), "alice", "rucio", "token-of-alice", later)
        return Prepared(rows_for(credential, wanted), self.ask_again)

    def ask_again(self) -> None:
        self.asked += 1
        if self.refusal is not None:
            raise self.refusal


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def streams(gate: Gate) -> AsyncIterator[App]:
    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"Django's"})

    made = Streams(behind, prepare=gate.prepare, every=0.02)
    yield Edge(made)
    await made.close()


async def test_rows_pass_untouched_with_the_persons_own_token(
    upstream: Upstream, streams: App
) -> None:
    answer = await Reader("alice").get(streams, *SEARCH)

    assert answer.status == 200
    assert answer.header(b"content-type") == "application/x-ndjson"
    assert len(answer.header(b"x-request-id")) == 12
    assert answer.header(b"content-security-policy").startswith("default-src 'none'")
    assert answer.header(b"x-content-type-options") == "nosniff"
    assert bytes(answer.body) == ROWS
    assert answer.complete
    assert upstream.asked[0].headers["X-Token"] == "token-of-alice"
    assert "cookie" not in upstream.asked[0].headers


def signed_out_elsewhere(user: User) -> None:
    web_sessions.end(user.web_sessions.all())


def suspended(user: User) -> None:
    suspension.suspend(user, reason="a stolen laptop")


@pytest.mark.django_db(transaction=True)
async def test_threads_give_their_connections_back(upstream: Upstream, alice: User) -> None:
    cookies = await sync_to_async(cookies_in_a_thread)(alice)
    app = Streams(_nothing)

    answers = [await Reader(cookies).get(app, *SEARCH) for _ in range(15)]

    assert [answer.status for answer in answers] == [200] * 15
    await app.close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own


def cookies_in_a_thread(user: User) -> str:
    try:
        return cookies_of(user)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [signed_out_elsewhere, suspended])
async def test_a_list_ends_with_the_sign_in_of_its_reader(
    upstream: Upstream, alice: User, end: Callable[[User], None]
) -> None:
    upstream.behave = upstream.endless
    cookies = await sync_to_async(cookies_in_a_thread)(alice)
    app = Streams(_nothing, every=0.05)
    reader, running = await reading(app, cookies)

    await sync_to_async(end)(alice)

    await asyncio.wait_for(running, 5)
    assert reader.status == 200
    assert not reader.complete
    await app.close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("not for Django")


@pytest.mark.parametrize("host", ["evil.example", ""])
async def test_a_stream_for_another_host_is_left_for_django_to_refuse(
    upstream: Upstream, streams: App, host: str
) -> None:
    answer = await Reader("alice", host=host).get(streams, *SEARCH)

    assert answer.status == 418
    assert upstream.asked == []


async def test_contents_and_files_stream_too_also_by_a_parameter(
    upstream: Upstream, streams: App
) -> None:
    path = "/api/v1/data/dids/cms/a/b c/files"

    answer = await Reader("alice", accept="*/*").get(streams, path, "stream=1")

    assert bytes(answer.body) == ROWS
    assert upstream.asked[0].path == "/dids/cms/a/b c/files"


async def test_scopes_stream_as_lines(upstream: Upstream, streams: App) -> None:
    answer = await Reader("alice").get(streams, "/api/v1/data/scopes")

    assert bytes(answer.body) == b'{"scope": "cms"}\n'


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/api/v1/data/dids", "application/json"),
        ("/api/v1/data/storages", "application/x-ndjson"),
        ("/data/", "application/x-ndjson"),
    ],
)
async def test_everything_else_is_djangos(
    upstream: Upstream, streams: App, path: str, accept: str
) -> None:
    answer = await Reader(accept=accept).get(streams, path)

    assert answer.status == 418


async def test_strangers_get_a_problem_and_upstream_hears_nothing(
    upstream: Upstream, streams: App
) -> None:
    answer = await Reader("bob").get(streams, *SEARCH)

    assert answer.status == 401
    assert answer.problem()["code"] == "sign-in-required"
    assert answer.header(b"www-authenticate").startswith("Bearer")
    assert upstream.asked == []


async def test_a_refusal_before_the_first_byte_is_a_problem_with_its_status(
    upstream: Upstream, streams: App
) -> None:
    upstream.refusal = web.Response(status=404, text="secret text of the service")

    answer = await Reader("alice").get(streams, "/api/v1/data/dids/cms/nothing/files")

    assert answer.status == 404
    assert b"secret" not in answer.body


async def test_an_empty_search_is_empty_and_an_unknown_scope_is_not_found(
    upstream: Upstream, streams: App
) -> None:
    upstream.behave = upstream.no_row

    known = await Reader("alice").get(streams, *SEARCH)
    unknown = await Reader("alice").get(streams, SEARCH[0], "scope=nowhere")

    assert (known.status, bytes(known.body)) == (200, b"")
    assert unknown.status == 404


async def test_a_bad_question_names_the_field(upstream: Upstream, streams: App) -> None:
    answer = await Reader("alice").get(streams, SEARCH[0], "scope=cms&type=folder")

    assert (answer.status, json.loads(answer.body)["field"]) == (422, "type")


async def test_nobody_behind_the_address_is_a_503(
    streams: App, data_backend: FakeDataBackend
) -> None:
    answer = await Reader("alice").get(streams, *SEARCH)

    assert answer.status == 503
    assert answer.problem()["retryable"] is True
    assert answer.header(b"retry-after") == "5"


async def test_a_failing_backend_is_told_before_anything_streams(
    upstream: Upstream, streams: App, data_backend: FakeDataBackend
) -> None:
    data_backend.fail_on("list_scopes", UpstreamUnavailable("Rucio does not answer"))

    answer = await Reader("alice").get(streams, "/api/v1/data/scopes")

    assert answer.status == 503


async def test_who_leaves_ends_the_upstream_at_once(upstream: Upstream, streams: App) -> None:
    upstream.behave = upstream.endless
    browser = Reader("alice")
    running = asyncio.create_task(browser.get(streams, *SEARCH))
    while not browser.body:
        await asyncio.sleep(0)

    browser.leave.set()

    await asyncio.wait_for(upstream.left.wait(), 2)
    await asyncio.wait_for(running, 2)


async def test_a_client_that_does_not_read_stops_the_upstream(
    upstream: Upstream, streams: App
) -> None:
    upstream.behave = upstream.endless
    browser = Reader("alice")
    running = asyncio.create_task(browser.get(streams, *SEARCH))
    while not browser.body:
        await asyncio.sleep(0)
    browser.reading.clear()

    settled = -1
    while settled != upstream.sent:
        settled = upstream.sent
        await asyncio.sleep(0.3)

    assert upstream.sent < 30_000_000
    assert len(browser.body) < 30_000_000
    browser.leave.set()
    await asyncio.wait_for(running, 2)


async def test_a_list_that_breaks_off_is_not_made_to_look_complete(
    upstream: Upstream, streams: App
) -> None:
    async def breaks(answer: web.StreamResponse) -> None:
        await answer.write(ROWS)
        request = upstream.asked[0]
        assert request.transport is not None
        request.transport.abort()

    upstream.behave = breaks

    answer = await Reader("alice").get(streams, *SEARCH)

    assert answer.status == 200
    assert not answer.complete


async def reading(streams: App, cookies: str = "alice") -> tuple[Reader, asyncio.Task[Reader]]:
    """Return a reader to whom rows have come, and what waits for the end."""
    reader = Reader(cookies)
    running = asyncio.create_task(reader.get(streams, *SEARCH))
    while not reader.body:
        await asyncio.sleep(0)
    return reader, running


@pytest.mark.parametrize("refusal", [SignInRequired("signed out"), Forbidden("suspended")])
async def test_a_list_is_cut_when_its_reader_may_not_act_any_more(
    upstream: Upstream, streams: App, gate: Gate, refusal: Exception
) -> None:
    upstream.behave = upstream.endless
    reader, running = await reading(streams)

    gate.refusal = refusal

    await asyncio.wait_for(running, 2)
    await asyncio.wait_for(upstream.left.wait(), 2)
    assert reader.status == 200
    assert not reader.complete


async def test_a_list_is_cut_also_when_its_reader_does_not_read(
    upstream: Upstream, streams: App, gate: Gate
) -> None:
    upstream.behave = upstream.endless
    _reader, running = await reading(streams)
    _reader.reading.clear()

    gate.refusal = SignInRequired("signed out")

    await asyncio.wait_for(running, 2)
    await asyncio.wait_for(upstream.left.wait(), 2)


@pytest.mark.parametrize("fault", [DatabaseError("down"), InterfaceError("closed")])
async def test_a_list_goes_on_while_the_database_does_not_answer(
    upstream: Upstream, streams: App, gate: Gate, fault: Exception
) -> None:
    upstream.behave = upstream.endless
    gate.refusal = fault
    reader, running = await reading(streams)

    while gate.asked < 3:
        await asyncio.sleep(0)

    assert not running.done()
    reader.leave.set()
    await asyncio.wait_for(running, 2)


async def test_who_may_not_act_any_more_before_the_first_row_is_told_so(
    upstream: Upstream, streams: App, gate: Gate
) -> None:
    never = asyncio.Event()

    async def silent(answer: web.StreamResponse) -> None:
        await never.wait()

    upstream.behave = silent
    gate.refusal = Forbidden("Your account is suspended.")

    answer = await asyncio.wait_for(Reader("alice").get(streams, *SEARCH), 2)

    assert answer.status == 403
    assert answer.problem()["detail"] == "Your account is suspended."


async def test_a_fault_of_our_own_is_a_problem_with_a_reference_and_no_token_in_the_log(
    streams: App, gate: Gate
) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
    gate.fault = ValueError(f"Bearer {token}")
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(TokenFilter())
    logging.getLogger().addHandler(handler)

    answer = await Reader("alice").get(streams, "/api/v1/data/scopes")

    logging.getLogger().removeHandler(handler)
    assert answer.status == 500
    problem = answer.problem()
    assert (problem["code"], problem["instance"][:12]) == ("error", "urn:request:")
    assert answer.header(b"x-request-id") in problem["instance"]
    assert token not in json.dumps(problem)
    assert "ValueError" in written.getvalue()
    assert token not in written.getvalue()
