"""The streams: who may, bytes untouched, back-pressure, and nothing left open behind a client."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import Client

from accounts.credentials import Credential
from accounts.models import User
from tests.factories import make_user
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import Forbidden, InvalidRequest, SignInRequired, UpstreamUnavailable
from vre_portal.streaming import Prepared, Streams, Wanted, prepare_for, prepare_stream

SEARCH = ("/api/v1/data/dids", "scope=cms&name=muons*")
ROWS = b"".join(b'{"name": "muons_%04d", "did_type": "FILE"}\n' % n for n in range(5000))


class Upstream:
    """A small Rucio on real HTTP that notes what it was asked, and when a caller left."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.left = asyncio.Event()
        self.sent = 0
        self.behave: Callable[[web.StreamResponse], Awaitable[None]] = self.all_rows
        self.refusal: web.Response | None = None

    async def all_rows(self, answer: web.StreamResponse) -> None:
        await answer.write(ROWS)

    async def no_row(self, answer: web.StreamResponse) -> None:
        pass

    async def endless(self, answer: web.StreamResponse) -> None:
        while True:
            await answer.write(ROWS)
            self.sent += len(ROWS)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if self.refusal is not None:
            return self.refusal
        answer = web.StreamResponse(headers={"Content-Type": "application/x-json-stream"})
        await answer.prepare(request)
        try:
            await self.behave(answer)
        except (ConnectionError, asyncio.CancelledError):
            self.left.set()
            raise
        return answer


@pytest.fixture
async def upstream(data_backend: FakeDataBackend) -> AsyncIterator[Upstream]:
    made = Upstream()
    app = web.Application()
    app.router.add_get("/{tail:.*}", made.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        data_backend.stream_base = str(server.make_url("")).rstrip("/")
        yield made


def prepared(wanted: Wanted) -> Prepared:
    """Prepare without a database: signed in is who sends the cookie "alice"."""
    if wanted.cookies != "alice":
        raise SignInRequired("Sign in to use the API.")
    later = datetime.now(UTC) + timedelta(minutes=5)
    return prepare_for(Credential(uuid.uuid4(), "alice", "rucio", "token-of-alice", later), wanted)


@pytest.fixture
async def streams() -> AsyncIterator[Streams]:
    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"Django's"})

    made = Streams(behind, prepare=prepared)
    yield made
    await made.close()


def cookies_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


class Browser:
    """One request at the ASGI app, its answer, and the moment when it leaves."""

    def __init__(
        self, cookies: str = "", accept: str = "application/x-ndjson", host: str = "testserver"
    ) -> None:
        told = {"host": host, "accept": accept, "cookie": cookies}
        self.headers = [(name.encode(), value.encode()) for name, value in told.items()]
        self.leave = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self.body = bytearray()
        self.start: dict[str, Any] = {}
        self.complete = False

    async def get(self, app: Streams, path: str, query: str = "") -> Browser:
        scope = {
            "type": "http", "method": "GET", "path": path,
            "query_string": query.encode(), "headers": self.headers,
        }  # fmt: skip
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self.leave.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await self.reading.wait()
            if message["type"] == "http.response.start":
                self.start = message
                return
            self.body += message.get("body", b"")
            self.complete = not message.get("more_body", False)

        await app(scope, receive, send)
        return self

    @property
    def status(self) -> int:
        return int(self.start["status"])

    def header(self, name: bytes) -> str:
        return str(dict(self.start["headers"])[name].decode())


async def test_rows_pass_untouched_with_the_persons_own_token(
    upstream: Upstream, streams: Streams
) -> None:
    answer = await Browser("alice").get(streams, *SEARCH)

    assert answer.status == 200
    assert answer.header(b"content-type") == "application/x-ndjson"
    assert len(answer.header(b"x-request-id")) == 12
    assert answer.header(b"content-security-policy").startswith("default-src 'none'")
    assert answer.header(b"x-content-type-options") == "nosniff"
    assert bytes(answer.body) == ROWS
    assert answer.complete
    assert upstream.asked[0].headers["X-Token"] == "token-of-alice"
    assert "cookie" not in upstream.asked[0].headers


@pytest.mark.django_db(transaction=True)
async def test_threads_give_their_connections_back(upstream: Upstream, alice: User) -> None:
    cookies = await sync_to_async(cookies_in_a_thread)(alice)
    app = Streams(_nothing)

    answers = [await Browser(cookies).get(app, *SEARCH) for _ in range(15)]

    assert [answer.status for answer in answers] == [200] * 15
    await app.close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own


def cookies_in_a_thread(user: User) -> str:
    try:
        return cookies_of(user)
    finally:
        connections.close_all()


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("not for Django")


@pytest.mark.parametrize("host", ["evil.example", ""])
async def test_a_stream_for_another_host_is_left_for_django_to_refuse(
    upstream: Upstream, streams: Streams, host: str
) -> None:
    answer = await Browser("alice", host=host).get(streams, *SEARCH)

    assert answer.status == 418
    assert upstream.asked == []


async def test_contents_and_files_stream_too_also_by_a_parameter(
    upstream: Upstream, streams: Streams
) -> None:
    path = "/api/v1/data/dids/cms/a/b c/files"

    answer = await Browser("alice", accept="*/*").get(streams, path, "stream=1")

    assert bytes(answer.body) == ROWS
    assert upstream.asked[0].path == "/dids/cms/a/b c/files"


async def test_scopes_stream_as_lines(upstream: Upstream, streams: Streams) -> None:
    answer = await Browser("alice").get(streams, "/api/v1/data/scopes")

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
    upstream: Upstream, streams: Streams, path: str, accept: str
) -> None:
    answer = await Browser(accept=accept).get(streams, path)

    assert answer.status == 418


@pytest.mark.django_db
@pytest.mark.parametrize("cookies", ["", "vre_session=forged", "=; ;;,"])
def test_strangers_are_asked_to_sign_in(data_backend: FakeDataBackend, cookies: str) -> None:
    with pytest.raises(SignInRequired):
        prepare_stream(Wanted("dids", {"scope": "cms"}, cookies))


@pytest.mark.django_db
def test_who_has_not_accepted_the_terms_gets_nothing(data_backend: FakeDataBackend) -> None:
    cookies = cookies_of(make_user("guest", accepted=False))

    with pytest.raises(Forbidden, match="terms"):
        prepare_stream(Wanted("dids", {"scope": "cms"}, cookies))


def test_the_session_of_a_suspended_person_opens_nothing(alice: User) -> None:
    cookies = cookies_of(alice)
    User.objects.update(is_active=False)

    with pytest.raises(SignInRequired):
        prepare_stream(Wanted("dids", {"scope": "cms"}, cookies))


def test_nobody_waits_for_a_rucio_that_is_known_to_be_down(alice: User) -> None:
    cache.set("backend:rucio", {"up": False, "since": None})

    with pytest.raises(UpstreamUnavailable):
        prepare_stream(Wanted("dids", {"scope": "cms"}, cookies_of(alice)))


def test_a_search_in_metadata_does_not_stream(alice: User) -> None:
    with pytest.raises(InvalidRequest, match="pages"):
        prepare_stream(Wanted("dids", {"scope": "cms", "filter": "a=1"}, cookies_of(alice)))


async def test_strangers_get_a_problem_and_upstream_hears_nothing(
    upstream: Upstream, streams: Streams
) -> None:
    answer = await Browser("bob").get(streams, *SEARCH)

    assert answer.status == 401
    assert answer.header(b"content-type") == "application/problem+json"
    assert json.loads(answer.body)["code"] == "sign-in-required"
    assert upstream.asked == []


async def test_a_refusal_before_the_first_byte_is_a_problem_with_its_status(
    upstream: Upstream, streams: Streams
) -> None:
    upstream.refusal = web.Response(status=404, text="secret text of the service")

    answer = await Browser("alice").get(streams, "/api/v1/data/dids/cms/nothing/files")

    assert answer.status == 404
    assert b"secret" not in answer.body


async def test_an_empty_search_is_empty_and_an_unknown_scope_is_not_found(
    upstream: Upstream, streams: Streams
) -> None:
    upstream.behave = upstream.no_row

    known = await Browser("alice").get(streams, *SEARCH)
    unknown = await Browser("alice").get(streams, SEARCH[0], "scope=nowhere")

    assert (known.status, bytes(known.body)) == (200, b"")
    assert unknown.status == 404


async def test_a_bad_question_names_the_field(upstream: Upstream, streams: Streams) -> None:
    answer = await Browser("alice").get(streams, SEARCH[0], "scope=cms&type=folder")

    assert (answer.status, json.loads(answer.body)["field"]) == (422, "type")


async def test_nobody_behind_the_address_is_a_503(
    streams: Streams, data_backend: FakeDataBackend
) -> None:
    answer = await Browser("alice").get(streams, *SEARCH)

    assert answer.status == 503
    assert json.loads(answer.body)["retryable"] is True


async def test_a_failing_backend_is_told_before_anything_streams(
    upstream: Upstream, streams: Streams, data_backend: FakeDataBackend
) -> None:
    data_backend.fail_on("list_scopes", UpstreamUnavailable("Rucio does not answer"))

    answer = await Browser("alice").get(streams, "/api/v1/data/scopes")

    assert answer.status == 503


async def test_who_leaves_ends_the_upstream_at_once(upstream: Upstream, streams: Streams) -> None:
    upstream.behave = upstream.endless
    browser = Browser("alice")
    running = asyncio.create_task(browser.get(streams, *SEARCH))
    while not browser.body:
        await asyncio.sleep(0)

    browser.leave.set()

    await asyncio.wait_for(upstream.left.wait(), 2)
    await asyncio.wait_for(running, 2)


async def test_a_client_that_does_not_read_stops_the_upstream(
    upstream: Upstream, streams: Streams
) -> None:
    upstream.behave = upstream.endless
    browser = Browser("alice")
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
    upstream: Upstream, streams: Streams
) -> None:
    async def breaks(answer: web.StreamResponse) -> None:
        await answer.write(ROWS)
        request = upstream.asked[0]
        assert request.transport is not None
        request.transport.abort()

    upstream.behave = breaks

    answer = await Browser("alice").get(streams, *SEARCH)

    assert answer.status == 200
    assert not answer.complete
