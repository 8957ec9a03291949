"""An archive that no capture took does not stay on the disk, whatever refused it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import api_tokens
from accounts.models import User
from data_mgmt.services import staging
from reproducibility.models import Capture
from reproducibility.services.captures import incoming, starting
from tests.factories import make_identity
from tests.streams import cookie_of, scope_of
from tests.unit.reproducibility.capturing.conftest import FILES, zipped
from vre_portal.body_limit import BodyLimit
from vre_portal.capture_uploads import CaptureUploads
from vre_portal.config import get_config
from vre_portal.errors import NoRoom
from vre_portal.raw_asgi import App, Edge

pytestmark = pytest.mark.django_db(transaction=True)

BOUNDARY = "----a-form"
PAGE, CALL = "/captures/new", "/api/v1/analyses"


@pytest.fixture
def app() -> App:
    """The app as the server has it, with little patience."""
    return Edge(CaptureUploads(BodyLimit(get_asgi_application()), every=0.05, silent=0.3))


@pytest.fixture
def secret(alice: User) -> str:
    """A token of hers that opens captures."""
    make_identity(alice, issuer="https://escape.test/", subject=str(uuid.uuid4()))
    return api_tokens.make(alice, name="laptop", scopes=["workflows"], days=7).secret


def kept() -> list[Path]:
    return list(incoming.path_of(str(uuid.uuid4())).parent.glob("*.zip"))


def form(fields: Mapping[str, str], content: bytes) -> bytes:
    lines = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = 'Content-Disposition: form-data; name="file"; filename="zpeak.zip"'
    lines.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


async def send(
    app: App, path: str, body: bytes, *, leaves: bool = False, **headers: str
) -> tuple[int, str]:
    """Send a form, and return status and text of the answer; 0 where the client left before."""
    parts = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
    answer: dict[str, Any] = {"status": 0}
    text = bytearray()

    async def receive() -> dict[str, Any]:
        if parts:
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts) or leaves}
        if leaves:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def take(message: Any) -> None:
        answer.update(message)
        text.extend(message.get("body", b""))

    told = {
        "host": "testserver", "content-type": f"multipart/form-data; boundary={BOUNDARY}",
        "content-length": str(len(body)), **headers,
    }  # fmt: skip
    await app(scope_of(path, "", told) | {"method": "POST"}, receive, take)
    return answer["status"], text.decode()


async def called(
    app: App, secret: str, fields: Mapping[str, str], content: bytes, **more: Any
) -> tuple[int, str]:
    body = form(fields, content)
    return await send(app, CALL, body, authorization=f"Bearer {secret}", **more)


async def posted(
    app: App, browser: Client, fields: Mapping[str, str], content: bytes
) -> tuple[int, str]:
    page = await asyncio.to_thread(browser.get, PAGE)
    token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    csrf = next(morsel for name, morsel in browser.cookies.items() if "csrf" in name)
    body = form({"csrfmiddlewaretoken": token, **fields}, content)
    return await send(app, PAGE, body, cookie=f"{cookie_of(browser)}; {csrf.key}={csrf.value}")


async def test_an_archive_that_a_capture_took_stays_until_it_is_read(
    app: App, browser: Client, secret: str, running: object
) -> None:
    page, _text = await posted(app, browser, {"kind": "zip"}, zipped(FILES))
    call, _text = await called(app, secret, {}, zipped(FILES))

    assert (page, call) == (302, 202)
    assert {path.stem for path in kept()} == {
        each.origin["archive"] async for each in Capture.objects.all()
    }
    assert len(kept()) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "git"},
        {"kind": "git", "repository": "http://example.org/x"},
        {"kind": "zip", "analysis": "nothing-of-this-name"},
    ],
)
async def test_a_form_that_is_refused_leaves_no_archive(
    app: App, browser: Client, running: object, fields: dict[str, str]
) -> None:
    status, _text = await posted(app, browser, fields, zipped(FILES))

    assert status == 422
    assert kept() == []


@pytest.mark.parametrize(
    "fields", [{"kind": "git"}, {"kind": "floppy"}, {"analysis": "nothing-of-this-name"}]
)
async def test_a_call_that_is_refused_leaves_no_archive(
    app: App, secret: str, fields: dict[str, str]
) -> None:
    status, _text = await called(app, secret, fields, zipped(FILES))

    assert status == 422
    assert kept() == []


async def test_a_capture_of_another_source_leaves_no_archive(
    app: App, browser: Client, running: object
) -> None:
    fields = {"kind": "git", "repository": "https://example.org/x"}

    status, _text = await posted(app, browser, fields, zipped(FILES))

    assert status == 302
    assert kept() == []


async def test_too_many_open_captures_leave_no_archive(
    app: App, browser: Client, secret: str, running: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "MOST_OPEN", 0)

    page, _text = await posted(app, browser, {"kind": "zip"}, zipped(FILES))
    call, _text = await called(app, secret, {}, zipped(FILES))

    assert (page, call) == (422, 409)
    assert kept() == []


async def test_a_fault_of_the_portal_leaves_no_archive(secret: str) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError):
        await called(CaptureUploads(broken), secret, {}, zipped(FILES))

    assert kept() == []


async def test_a_disk_that_breaks_while_an_archive_comes_leaves_none(
    app: App, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_incoming: incoming.Incoming, _data: bytes) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(incoming.Incoming, "add", breaks)

    status, _text = await called(app, secret, {}, zipped(FILES))

    assert status == 500
    assert kept() == []


async def test_a_sender_who_leaves_leaves_no_archive(app: App, secret: str) -> None:
    status, _text = await called(app, secret, {}, bytes(200_000), leaves=True)

    assert status == 0
    assert kept() == []


async def test_a_full_disk_is_told_at_the_field_before_anything_is_written(
    app: App, browser: Client, secret: str, running: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_UPLOAD_SPARE_BYTES", str(1 << 60))
    get_config.cache_clear()

    page, shown = await posted(app, browser, {"kind": "zip"}, zipped(FILES))
    call, told = await called(app, secret, {}, zipped(FILES))

    assert (page, call) == (422, 507)
    assert "no room for this archive" in shown
    assert "no room for this archive" in told
    assert '"field": "file"' in told.replace('":"', '": "')
    assert kept() == []


def test_a_disk_that_fills_while_an_archive_comes_takes_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    coming = incoming.Incoming(size=2_000)
    coming.add(b"x" * 1_000)
    monkeypatch.setenv("VRE_UPLOAD_SPARE_BYTES", str(staging.free() + (1 << 40)))
    get_config.cache_clear()

    with pytest.raises(NoRoom):
        coming.add(b"x" * 1_000)

    coming.give_up()
    assert kept() == []


@pytest.mark.parametrize("path", [PAGE, CALL])
def test_a_small_body_that_is_refused_leaves_no_archive_either(
    browser: Client, running: object, path: str
) -> None:
    upload = SimpleUploadedFile("zpeak.zip", zipped(FILES), "application/zip")

    answer = browser.post(path, {"kind": "zip", "analysis": "nothing", "file": upload})

    assert answer.status_code == 422
    assert kept() == []
