"""A session's files on their way: byte ranges, headers, who may, and what breaks off."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from django.core.asgi import get_asgi_application
from django.test import Client

from accounts import api_tokens
from accounts.models import User
from sessions.models import Session
from sessions.services.file_uploads import PIECE
from tests.factories import make_identity, sign_in
from tests.fakes.running import FakeRunning, FakeSession
from tests.streams import Reader, cookie_of, scope_of
from vre_portal.body_limit import BodyLimit
from vre_portal.ranges import Span, span_of
from vre_portal.raw_asgi import App, Edge
from vre_portal.session_content import SessionContent
from vre_portal.session_uploads import SessionForms, SessionUploads

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = bytes(range(256)) * 4096
BOUNDARY = "----a-form"
Hers = tuple[Session, str]


@dataclass
class Door:
    """The session's own server on real HTTP, which may cut, change or go on without an end."""

    home: FakeSession
    asked: list[web.Request] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    behave: str = "well"
    sent: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        content = self.home.files[unquote(request.raw_path).partition("/files/")[2]] or b""
        if self.behave == "grown":
            content += b"more"
        span = span_of(request.headers.get("Range", ""), len(content))
        part = span or Span(0, len(content))
        headers = {"Content-Length": str(part.end - part.start), "Content-Type": "text/html"}
        if span:
            headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{len(content)}"
        answer = web.StreamResponse(status=206 if span else 200, headers=headers)
        await answer.prepare(request)
        try:
            for at in range(part.start, part.end, 65536):
                if self.behave == "cuts" and at > part.start:
                    assert request.transport is not None
                    request.transport.close()
                piece = content[at : min(at + 65536, part.end)]
                await answer.write(piece)
                self.sent += len(piece)
        except (ConnectionError, asyncio.CancelledError):
            self.left.set()
            raise
        return answer


@pytest.fixture
def home(session: Session, running: FakeRunning) -> FakeSession:
    """What is in it."""
    found = running.of(session.user.handle, session.server)
    found.files |= {"big.bin": CONTENT, "empty.txt": b"", "folder": None,
                    'it\'s "é".html': b"<script>", ".vre": None, ".vre/token": b"s"}  # fmt: skip
    return found


@pytest.fixture
async def door(home: FakeSession, running: FakeRunning) -> AsyncIterator[Door]:
    made = Door(home)
    app = web.Application()
    app.router.add_get("/{tail:.*}", made.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        running.base = str(server.make_url("")).rstrip("/")
        yield made


@pytest.fixture
async def app(home: FakeSession) -> AsyncIterator[App]:
    """The app as the server has it, with little patience."""
    content = SessionContent(get_asgi_application(), every=0.05)
    forms = SessionForms(BodyLimit(content), every=0.05, silent=0.3)
    yield Edge(SessionUploads(forms, every=0.05, silent=0.3))
    await content.close()


@pytest.fixture
def secret(alice: User) -> str:
    """A token of hers that opens sessions."""
    return token_of(alice, "sessions")


@pytest.fixture
def of_alice(session: Session, secret: str) -> Hers:
    """Both."""
    return session, secret


def token_of(user: User, *scopes: str) -> str:
    make_identity(user, issuer="https://escape.test/", subject=str(uuid.uuid4()))
    return api_tokens.make(user, name="laptop", scopes=scopes, days=7).secret


def address(session: Session) -> str:
    return f"/api/v1/sessions/{session.pk}/files/content"


async def got(
    app: App, session: Session, secret: str, path: str, method: str = "GET", **headers: str
) -> Reader:
    reader = Reader(accept="*/*", authorization=f"Bearer {secret}", **headers)
    return await reader.request(method, app, address(session), f"path={quote(path)}")


@dataclass
class Answer:
    """What came back."""

    status: int
    body: dict[str, Any]


async def send(
    app: App, method: str, path: str, query: str, parts: Sequence[bytes], *, leaves: bool = False,
    **headers: str,
) -> Answer | None:  # fmt: skip
    """Send a body in parts; None where the client left before an answer."""
    waiting, start, body = list(parts), {}, bytearray()
    ended = False

    async def receive() -> dict[str, Any]:
        nonlocal ended
        if ended:
            await asyncio.Event().wait()
        if not waiting:
            return {"type": "http.disconnect"}
        part = waiting.pop(0)
        ended = not waiting and not leaves
        return {"type": "http.request", "body": part, "more_body": not ended}

    async def take(message: Any) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        body.extend(message.get("body", b""))

    told = {"host": "testserver", **{name.replace("_", "-"): v for name, v in headers.items()}}
    await app(scope_of(path, query, told) | {"method": method}, receive, take)
    if not start:
        return None
    is_json = body.startswith(b"{")
    return Answer(start["status"], json.loads(body) if is_json else {"text": body.decode()})


async def put(
    app: App, session: Session, secret: str, path: str, *parts: bytes, **more: Any
) -> Answer:
    query = f"path={quote(path)}&{more.pop('query', '')}"
    headers = {"authorization": f"Bearer {secret}", **more}
    answer = await send(app, "PUT", address(session), query, parts or (b"",), **headers)
    assert answer is not None
    return answer


async def test_a_file_is_saved_under_its_name_and_never_shown(
    app: App, door: Door, session: Session, secret: str
) -> None:
    answer = await got(app, session, secret, 'it\'s "é".html')

    assert (answer.status, bytes(answer.body)) == (200, b"<script>")
    assert answer.header(b"content-type") == "application/octet-stream"
    disposition = answer.header(b"content-disposition")
    assert disposition.startswith("attachment; filename*=utf-8''it%27s%20%22%C3%A9%22.html")
    assert answer.header(b"x-content-type-options") == "nosniff"
    assert "sandbox" in answer.header(b"content-security-policy")
    assert door.asked[0].headers["Authorization"].startswith("token ")
    assert "cookie" not in door.asked[0].headers


@pytest.mark.parametrize(
    "part",
    [("bytes=0-9", 0, 9), ("bytes=1000-", 1000, len(CONTENT) - 1), ("bytes=-5", -5, None)],
)
async def test_a_part_of_a_file_is_given(
    app: App, door: Door, of_alice: Hers, part: tuple[str, int, int | None]
) -> None:
    asked, first, last = part
    answer = await got(app, *of_alice, "big.bin", range=asked)

    expected = CONTENT[first : None if last is None else last + 1]
    assert (answer.status, bytes(answer.body)) == (206, expected)
    assert answer.header(b"content-range").endswith(f"/{len(CONTENT)}")
    assert answer.header(b"content-length") == str(len(expected))


async def test_a_broken_download_goes_on_only_with_the_same_version(
    app: App, door: Door, session: Session, secret: str
) -> None:
    first = await got(app, session, secret, "big.bin", method="HEAD")
    etag = first.header(b"etag")

    same = await got(app, session, secret, "big.bin", range="bytes=5-", **{"if-range": etag})
    other = await got(app, session, secret, "big.bin", range="bytes=5-", **{"if-range": '"x"'})
    known = await got(app, session, secret, "big.bin", **{"if-none-match": etag})

    assert first.header(b"accept-ranges") == "bytes"
    assert (bytes(first.body), first.header(b"content-length")) == (b"", str(len(CONTENT)))
    assert (same.status, other.status, known.status) == (206, 200, 304)


async def test_a_part_behind_the_end_is_refused(
    app: App, door: Door, session: Session, secret: str
) -> None:
    answer = await got(app, session, secret, "big.bin", range=f"bytes={len(CONTENT)}-")

    assert answer.status == 416
    assert answer.header(b"content-range") == f"bytes */{len(CONTENT)}"


async def test_an_empty_file_comes_without_asking(
    app: App, door: Door, session: Session, secret: str
) -> None:
    answer = await got(app, session, secret, "empty.txt")

    assert (answer.status, answer.complete, bytes(answer.body)) == (200, True, b"")


@pytest.mark.parametrize(
    ("path", "status"),
    [("none", 404), (".vre/token", 404), ("folder/../.vre/token", 422), ("folder", 422), ("", 422)],
)
async def test_what_is_hidden_no_file_or_not_there_is_not_given(
    app: App, door: Door, of_alice: Hers, path: str, status: int
) -> None:
    answer = await got(app, *of_alice, path)

    assert answer.problem()["status"] == status
    assert door.asked == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_stranger_and_a_token_of_another_part_get_nothing(
    app: App, door: Door, session: Session, bob: User, method: str
) -> None:
    strange = await asyncio.to_thread(token_of, bob, "sessions")
    narrow = await asyncio.to_thread(token_of, session.user, "data")

    assert (await got(app, session, strange, "big.bin", method)).status == 404
    assert (await got(app, session, narrow, "big.bin", method)).status == 403
    assert (await got(app, session, "vre_unknown", "big.bin", method)).status == 401
    assert door.asked == []


async def test_a_file_that_changed_meanwhile_is_told(
    app: App, door: Door, session: Session, secret: str
) -> None:
    door.behave = "grown"

    assert (await got(app, session, secret, "big.bin")).status == 503
    assert (await got(app, session, secret, "big.bin", range="bytes=0-9")).status == 503


async def test_a_download_that_breaks_off_is_not_complete(
    app: App, door: Door, session: Session, secret: str
) -> None:
    door.behave = "cuts"

    answer = await got(app, session, secret, "big.bin")

    assert answer.status == 200
    assert not answer.complete
    assert len(answer.body) < len(CONTENT)


async def test_whoever_reads_slowly_stops_the_session_and_whoever_leaves_ends_it(
    app: App, door: Door, home: FakeSession, session: Session, secret: str
) -> None:
    home.files["huge.bin"] = bytes(64 << 20)
    reader = Reader(accept="*/*", authorization=f"Bearer {secret}")
    task = asyncio.create_task(reader.get(app, address(session), "path=huge.bin"))
    await asyncio.wait_for(reader.arrived.wait(), 10)
    reader.reading.clear()
    before = -1
    while before != door.sent:  # until the buffers between are full
        before = door.sent
        await asyncio.sleep(0.2)

    assert door.sent < 40 << 20
    reader.leave.set()
    await asyncio.wait_for(task, 10)
    await asyncio.wait_for(door.left.wait(), 10)
    assert not reader.complete


async def test_a_download_ends_when_its_reader_may_not_act_any_more(
    app: App, door: Door, of_alice: Hers, alice: User
) -> None:
    session, secret = of_alice
    door.home.files["huge.bin"] = bytes(64 << 20)
    reader = Reader(accept="*/*", authorization=f"Bearer {secret}")
    task = asyncio.create_task(reader.get(app, address(session), "path=huge.bin"))
    await asyncio.wait_for(reader.arrived.wait(), 10)
    reader.reading.clear()

    await User.objects.filter(pk=alice.pk).aupdate(is_active=False)

    await asyncio.wait_for(task, 10)
    assert not reader.complete


async def test_a_file_is_put_into_the_session(
    app: App, home: FakeSession, session: Session, secret: str
) -> None:
    content = bytes(PIECE + 5)
    parts = [content[at : at + 100_000] for at in range(0, len(content), 100_000)]

    answer = await put(app, session, secret, "folder/new ü.bin", *parts)

    assert (answer.status, answer.body["path"]) == (201, "folder/new ü.bin")
    assert answer.body["size"] == len(content)
    assert home.files["folder/new ü.bin"] == content


async def test_what_is_there_is_not_replaced(
    app: App, home: FakeSession, session: Session, secret: str
) -> None:
    refused = await put(app, session, secret, "big.bin", b"x")
    both = await put(app, session, secret, "big.bin", b"x", query="keep=both")

    assert (refused.status, refused.body["free"]) == (409, "big-2.bin")
    assert (both.status, both.body["name"]) == (201, "big-2.bin")
    assert home.files["big.bin"] == CONTENT


@pytest.mark.parametrize("path", [".vre/x", ".x", "a/../b", "/x", "", "folder/"])
async def test_a_hostile_name_is_refused_before_a_byte_is_read(
    app: App, home: FakeSession, session: Session, secret: str, path: str
) -> None:
    before = dict(home.files)

    answer = await put(app, session, secret, path, b"x")

    assert answer.status in {404, 422}
    assert home.files == before


async def test_what_is_announced_as_too_large_is_refused(
    app: App, home: FakeSession, session: Session, secret: str
) -> None:
    size = str((2 << 30) + 1)

    answer = await put(app, session, secret, "x", b"x", content_length=size)

    assert answer.status == 413


async def test_nothing_is_left_of_an_upload_that_breaks_off(
    app: App, home: FakeSession, session: Session, secret: str
) -> None:
    before = dict(home.files)
    parts = [bytes(PIECE), bytes(PIECE)]

    answer = await send(
        app, "PUT", address(session), "path=x", parts, leaves=True,
        authorization=f"Bearer {secret}",
    )  # fmt: skip

    assert answer is None
    assert home.files == before


async def test_an_upload_of_a_stranger_or_without_the_scope_is_refused(
    app: App, home: FakeSession, session: Session, alice: User, bob: User
) -> None:
    strange = await asyncio.to_thread(token_of, bob, "sessions")
    narrow = await asyncio.to_thread(token_of, alice, "read")

    assert (await put(app, session, strange, "x", b"x")).status == 404
    assert (await put(app, session, narrow, "x", b"x")).status == 403


async def test_a_browser_puts_a_file_only_with_the_token_of_our_pages(
    app: App, home: FakeSession, session: Session, alice: User
) -> None:
    client = Client()
    await asyncio.to_thread(sign_in, client, alice)

    answer = await send(app, "PUT", address(session), "path=x", [b"x"], cookie=cookie_of(client))

    assert answer is not None
    assert answer.status == 403
    assert "x" not in home.files


def form(fields: dict[str, str], *files: tuple[str, bytes]) -> bytes:
    lines = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    lines += [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


async def posted(
    app: App, session: Session, alice: User, fields: dict[str, str], *files: tuple[str, bytes]
) -> Answer:
    client = Client()
    await asyncio.to_thread(sign_in, client, alice)
    page = await asyncio.to_thread(client.get, f"/sessions/{session.pk}/files/")
    token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    csrf = next(morsel for name, morsel in client.cookies.items() if "csrf" in name)
    body = form({"csrfmiddlewaretoken": token, **fields}, *files)
    answer = await send(
        app, "POST", f"/sessions/{session.pk}/upload", "",
        [body[at : at + 70_000] for at in range(0, len(body), 70_000)],
        cookie=f"{cookie_of(client)}; {csrf.key}={csrf.value}",
        content_type=f"multipart/form-data; boundary={BOUNDARY}", content_length=str(len(body)),
    )  # fmt: skip
    assert answer is not None
    return answer


async def test_a_plain_form_sends_several_files(
    app: App, home: FakeSession, session: Session, alice: User
) -> None:
    large = bytes(PIECE + 1)

    answer = await posted(
        app, session, alice, {"path": "folder"}, ("a.csv", b"1,2"), ("C:\\temp\\b.bin", large)
    )

    assert answer.status == 302
    assert home.files["folder/a.csv"] == b"1,2"
    assert home.files["folder/b.bin"] == large


async def test_a_plain_form_is_told_of_a_name_that_is_taken(
    app: App, home: FakeSession, session: Session, alice: User
) -> None:
    refused = await posted(app, session, alice, {"path": ""}, ("big.bin", b"x"))
    both = await posted(app, session, alice, {"path": "", "keep": "both"}, ("big.bin", b"x"))

    assert refused.status == 409
    assert "keep both (big-2.bin) or cancel" in refused.body["text"]
    assert both.status == 302
    assert home.files["big-2.bin"] == b"x"
    assert home.files["big.bin"] == CONTENT


@pytest.mark.parametrize("name", [".vre", "..", "a\x07b"])
async def test_a_plain_form_with_a_hostile_name_leaves_nothing(
    app: App, home: FakeSession, session: Session, alice: User, name: str
) -> None:
    before = dict(home.files)

    answer = await posted(app, session, alice, {"path": ""}, (name, b"x"))

    assert answer.status == 422
    assert home.files == before


async def test_a_plain_form_without_a_file_asks_for_one(
    app: App, home: FakeSession, session: Session, alice: User
) -> None:
    answer = await posted(app, session, alice, {"path": ""})

    assert answer.status == 422
    assert "Choose a file" in answer.body["text"]
