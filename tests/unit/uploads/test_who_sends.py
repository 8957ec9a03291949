"""Who may send bytes, in which ways, and what a full disk and a plain form do."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from accounts.models import User
from data_mgmt.models_uploads import Upload, UploadState
from data_mgmt.services import staging
from tests.factories import make_user, sign_in
from tests.fakes.data import FakeDataBackend
from tests.unit.ground.test_who_sees_what import REFUSED_CALLERS
from tests.uploads import MEDIA_TYPE, UPLOADS, Tus, metadata, path_of
from vre_portal.raw_asgi import App

FORM = "/data/uploads/"
BOUNDARY = "----boundary"


@pytest.fixture
def browser(alice: User, data_backend: FakeDataBackend) -> Client:
    client = Client()
    sign_in(client, alice)
    client.get(FORM)
    return client


def cookies_of(client: Client) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def token_of(client: Client) -> str:
    return client.cookies[settings.CSRF_COOKIE_NAME].value


def form(file: bytes, *, token: str, filename: str = "a b.root", **fields: str) -> bytes:
    values = {"csrfmiddlewaretoken": token, "storage": "LAPP-DISK", **fields}
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in values.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
    return b"".join(parts) + head.encode() + b"\r\n" + file + f"\r\n--{BOUNDARY}--\r\n".encode()


async def posted(app: App, client: Client, body: bytes, *, leaves: bool = False) -> object:
    sender = Tus(app, cookie=cookies_of(client))
    pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    return await sender.ask(
        "POST", FORM, pieces, leaves=leaves, content_length=str(len(body)),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    )  # fmt: skip


async def test_a_browser_sends_with_the_token_of_our_pages_only(app: App, browser: Client) -> None:
    sender = Tus(app, cookie=cookies_of(browser))
    told = metadata(filename="a.root", storage="LAPP-DISK")
    wish = {"upload_length": "9", "upload_metadata": told, "content_type": MEDIA_TYPE}

    without = await sender.told("POST", UPLOADS, b"12345", **wish)
    within = await sender.told("POST", UPLOADS, b"12345", x_csrftoken=token_of(browser), **wish)

    assert (without.status, within.status) == (403, 201)
    assert within.headers["upload-offset"] == "5"


@pytest.mark.parametrize("caller", REFUSED_CALLERS)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_bytes_of_those_who_may_not_act_are_not_read(
    app: App, tus: Tus, caller: str, method: str
) -> None:
    where = path_of(await tus.begin(9)) if method == "PATCH" else UPLOADS
    headers = await sync_to_async(REFUSED_CALLERS[caller])()
    stranger = Tus(app, **headers)

    answer = await stranger.told(
        method, where, b"12345",
        upload_offset="0", upload_length="9", content_type=MEDIA_TYPE,
        upload_metadata=metadata(filename="stolen"),
    )  # fmt: skip

    assert answer.status in {401, 403}
    assert not await Upload.objects.filter(did_name="stolen").aexists()
    if method == "PATCH":
        assert await tus.offset(where) == 0


async def test_who_may_not_act_any_more_is_cut_off(tus: Tus, alice: User) -> None:
    where = path_of(await tus.begin(9))
    from tests.uploads import scope_of

    told = {**tus.headers, "upload-offset": "0", "content-type": MEDIA_TYPE}
    sent: list[int] = []

    async def receive() -> dict[str, object]:
        await sync_to_async(User.objects.filter(pk=alice.pk).update)(roles=[])
        import asyncio

        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, object]) -> None:
        if "status" in message:
            sent.append(int(str(message["status"])))

    try:
        from vre_portal.uploading import Uploads

        impatient = Uploads(tus._app, every=0.05, silent=20)
        await impatient(scope_of("PATCH", where, told), receive, send)
    finally:
        await sync_to_async(User.objects.filter(pk=alice.pk).update)(roles=["member"])

    assert sent == [403]


@pytest.fixture
def small_disk() -> Iterator[int]:
    """No file may be longer than this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * staging.BLOCK // 2, before[1]))
    yield 3 * staging.BLOCK // 2
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_fills_is_told_and_loses_nothing(
    tus: Tus, small_disk: int, staged: Path
) -> None:
    where = path_of(await tus.begin(4 * staging.BLOCK))

    answer = await tus.patch(where, 0, *[b"x" * staging.BLOCK] * 4)

    assert answer.status == 507
    assert answer.problem()["retryable"]
    assert await tus.offset(where) == small_disk


async def test_a_disk_without_room_takes_no_new_upload(
    tus: Tus, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vre_portal.config import get_config

    monkeypatch.setenv("VRE_UPLOAD_SPARE_BYTES", str(2**60))
    get_config.cache_clear()

    assert (await tus.begin(9)).status == 507


@pytest.mark.parametrize("content", [b"", b"x", b"\r\n--" * 2000 + b"end"])
async def test_a_plain_form_brings_one_file(
    app: App, browser: Client, alice: User, staged: Path, content: bytes
) -> None:
    answer = await posted(app, browser, form(content, token=token_of(browser), lifetime="30"))

    upload = await Upload.objects.aget()
    assert getattr(answer, "status", 0) == 302
    assert (upload.did_name, upload.size, upload.lifetime_days) == ("a_b.root", len(content), 30)
    assert upload.state == UploadState.CHECKING
    assert (staged / str(upload.pk)).read_bytes() == content


async def test_a_form_that_is_refused_comes_back_with_its_fault(
    app: App, browser: Client, staged: Path
) -> None:
    body = form(b"data", token=token_of(browser), storage="ATLANTIS", dataset="kept")

    answer = await posted(app, browser, body)

    assert getattr(answer, "status", 0) == 422
    assert b"ATLANTIS takes no files" in getattr(answer, "body", b"")
    assert b'value="kept"' in getattr(answer, "body", b"")
    assert [*staged.iterdir()] == []


async def test_a_form_of_another_site_is_refused_before_its_file(
    app: App, browser: Client, staged: Path
) -> None:
    answer = await posted(app, browser, form(b"data", token="x" * 64))

    assert getattr(answer, "status", 0) == 403
    assert not await Upload.objects.aexists()


async def test_a_form_that_breaks_off_leaves_nothing(
    app: App, browser: Client, staged: Path
) -> None:
    body = form(b"x" * 5000, token=token_of(browser))

    answer = await posted(app, browser, body[:3000], leaves=True)

    assert answer is None
    assert [*staged.iterdir()] == []
    assert not await Upload.objects.aexists()


async def test_strangers_forms_lead_to_the_sign_in(app: App, data_backend: FakeDataBackend) -> None:
    answer = await posted(app, Client(), form(b"data", token="x" * 64))

    assert getattr(answer, "status", 0) in {302, 403}
    assert not await Upload.objects.aexists()


@pytest.mark.django_db  # one that says so has the plug-in make the database for all
def test_the_page_shows_what_is_half_done_to_its_owner_only(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    from data_mgmt.backends import Did
    from data_mgmt.services import uploads
    from data_mgmt.services.upload_checks import Wish

    mine = uploads.begin(alice, Wish(Did(f"user.{alice.handle}", "half.root"), 9, "LAPP-DISK"))
    stranger = Client()
    sign_in(stranger, make_user("carol"))

    assert "half.root" in browser.get(FORM).content.decode()
    assert "half.root" not in stranger.get("/data/uploads/list").content.decode()
    assert stranger.post(f"/data/uploads/{mine.pk}/remove").status_code == 404
    assert browser.post(f"/data/uploads/{mine.pk}/remove").status_code == 302
    assert "half.root" not in browser.get("/data/uploads/list").content.decode()
