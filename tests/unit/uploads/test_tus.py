"""What tus 1.0 asks of a server, sentence by sentence."""

from __future__ import annotations

import asyncio
import hashlib
import os
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from data_mgmt import tus as words
from data_mgmt.models_uploads import Upload
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend
from tests.uploads import MEDIA_TYPE, UPLOADS, Tus, metadata, path_of, scope_of

CONTENT = bytes(range(256)) * 8


def sha1(data: bytes) -> str:
    return f"sha1 {b64encode(hashlib.sha1(data).digest()).decode()}"


@pytest.mark.django_db  # one that says so has the plug-in make the database for all
async def test_options_tell_version_extensions_size_and_algorithms(tus: Tus) -> None:
    answer = await tus.told("OPTIONS", UPLOADS)

    assert answer.status == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert set(answer.headers["tus-extension"].split(",")) == set(words.EXTENSIONS)
    assert int(answer.headers["tus-max-size"]) > 2**30
    assert "sha1" in answer.headers["tus-checksum-algorithm"].split(",")


@pytest.mark.parametrize("version", ["0.2.2", "", "2.0.0"])
async def test_another_version_is_refused_and_nothing_is_done(tus: Tus, version: str) -> None:
    tus.headers["tus-resumable"] = version

    answer = await tus.begin(10)

    assert answer.status == 412
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert not await Upload.objects.aexists()


async def test_an_upload_begins_and_names_its_address(tus: Tus, alice: User) -> None:
    answer = await tus.begin(100, name="run/a.root")

    upload = await Upload.objects.aget()
    assert answer.status == 201
    assert path_of(answer) == f"{UPLOADS}/{upload.pk}"
    assert str(upload.did) == f"user.{alice.handle}:run/a.root"
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert parsedate_to_datetime(answer.headers["upload-expires"]) > datetime.now(UTC)


async def test_head_tells_offset_length_and_metadata_and_is_not_cached(tus: Tus) -> None:
    where = path_of(await tus.begin(100))

    answer = await tus.told("HEAD", where)

    assert answer.status == 200
    assert answer.headers["upload-offset"] == "0"
    assert answer.headers["upload-length"] == "100"
    assert answer.headers["upload-metadata"] == metadata(filename="a.root", storage="LAPP-DISK")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["tus-resumable"] == "1.0.0"


async def test_pieces_are_put_behind_each_other(tus: Tus, staged: Path) -> None:
    where = path_of(await tus.begin(len(CONTENT)))

    first = await tus.patch(where, 0, CONTENT[:100], CONTENT[100:300])
    second = await tus.patch(where, 300, CONTENT[300:-1])

    assert (first.status, first.headers["upload-offset"]) == (204, "300")
    assert second.headers["upload-offset"] == str(len(CONTENT) - 1)
    assert "upload-expires" in second.headers
    assert (staged / where.rpartition("/")[2]).read_bytes() == CONTENT[:-1]


async def test_the_last_byte_hands_the_upload_over(tus: Tus) -> None:
    where = path_of(await tus.begin(5))

    await tus.patch(where, 0, b"hello")

    assert (await Upload.objects.aget()).state == "checking"
    assert await tus.offset(where) == 5
    assert (await tus.patch(where, 5, b"")).status == 409


@pytest.mark.parametrize("offset", ["1", "99", "-1", "x", "", "9" * 40])
async def test_a_wrong_offset_changes_nothing(tus: Tus, offset: str) -> None:
    where = path_of(await tus.begin(100))

    answer = await tus.told("PATCH", where, b"data", upload_offset=offset, content_type=MEDIA_TYPE)

    assert answer.status == (409 if offset in {"1", "99"} else 422)
    assert await tus.offset(where) == 0


async def test_bytes_of_another_media_type_are_refused(tus: Tus) -> None:
    where = path_of(await tus.begin(100))

    answer = await tus.told("PATCH", where, b"data", upload_offset="0", content_type="text/plain")

    assert answer.status == 415
    assert await tus.offset(where) == 0


@pytest.mark.parametrize("announced", [True, False])
async def test_more_than_was_said_is_refused(tus: Tus, announced: bool) -> None:
    where = path_of(await tus.begin(10))
    length = {"content_length": "11"} if announced else {}

    answer = await tus.patch(where, 0, b"0123456789", b"a", **length)

    assert answer.status == 413
    assert await tus.offset(where) == 0


async def test_what_is_larger_than_the_portal_takes_never_begins(tus: Tus) -> None:
    answer = await tus.begin(2**50)

    assert answer.status == 413


@pytest.mark.parametrize("length", ["", "-1", "ten", "1.5"])
async def test_an_upload_without_a_length_never_begins(tus: Tus, length: str) -> None:
    told = metadata(filename="a.root")

    answer = await tus.told("POST", UPLOADS, upload_length=length, upload_metadata=told)

    assert answer.status == 422
    assert answer.problem()["field"] == "Upload-Length"


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
async def test_what_is_not_there_has_no_offset(tus: Tus, method: str) -> None:
    nowhere = f"{UPLOADS}/00000000-0000-0000-0000-000000000007"

    answer = await tus.told(method, nowhere, upload_offset="0", content_type=MEDIA_TYPE)

    assert answer.status == 404
    assert "upload-offset" not in answer.headers
    assert answer.headers["tus-resumable"] == "1.0.0"


async def test_an_upload_of_another_is_not_there(tus: Tus, stranger: Tus) -> None:
    where = path_of(await tus.begin(100))

    told = [
        (await stranger.told("HEAD", where)).status,
        (await stranger.patch(where, 0, b"data")).status,
        (await stranger.told("DELETE", where)).status,
    ]

    assert told == [404, 404, 404]
    assert await tus.offset(where) == 0


async def test_a_first_piece_comes_with_the_creation(tus: Tus) -> None:
    answer = await tus.begin(100, CONTENT[:60])

    assert answer.status == 201
    assert answer.headers["upload-offset"] == "60"
    assert await tus.offset(path_of(answer)) == 60


async def test_an_empty_file_is_complete_at_once(tus: Tus) -> None:
    answer = await tus.begin(0)

    assert (answer.status, answer.headers["upload-offset"]) == (201, "0")
    assert (await Upload.objects.aget()).state == "checking"


async def test_termination_removes_bytes_and_address(tus: Tus, staged: Path) -> None:
    where = path_of(await tus.begin(100, CONTENT[:60]))

    answer = await tus.told("DELETE", where)

    assert answer.status == 204
    assert [*staged.iterdir()] == []
    assert (await tus.told("HEAD", where)).status == 404


async def test_a_piece_with_the_right_checksum_is_kept(tus: Tus) -> None:
    where = path_of(await tus.begin(100))

    answer = await tus.patch(where, 0, b"data", upload_checksum=sha1(b"data"))

    assert answer.status == 204
    assert await tus.offset(where) == 4


async def test_a_corrupted_piece_is_forgotten_and_can_be_sent_again(tus: Tus) -> None:
    where = path_of(await tus.begin(100, CONTENT[:50]))

    answer = await tus.patch(where, 50, b"dat!", upload_checksum=sha1(b"data"))

    assert answer.status == 460
    assert await tus.offset(where) == 50
    assert (await tus.patch(where, 50, b"data", upload_checksum=sha1(b"data"))).status == 204


@pytest.mark.parametrize("told", ["crc32 AAAA", "sha1", "sha1 %%%"])
async def test_an_unknown_checksum_is_refused_and_the_piece_forgotten(tus: Tus, told: str) -> None:
    where = path_of(await tus.begin(100))

    answer = await tus.patch(where, 0, b"data", upload_checksum=told)

    assert answer.status in {400, 422, 460}
    assert answer.status == 400 or not told.startswith("crc32")
    assert await tus.offset(where) == 0


async def test_a_piece_that_breaks_off_before_it_was_compared_is_forgotten(tus: Tus) -> None:
    where = path_of(await tus.begin(100))

    await tus.ask(
        "PATCH", where, [b"data"], leaves=True,
        upload_offset="0", content_type=MEDIA_TYPE, upload_checksum=sha1(b"data and more"),
    )  # fmt: skip

    assert await tus.offset(where) == 0


async def test_a_killed_server_leaves_no_piece_that_was_not_compared(
    tus: Tus, staged: Path
) -> None:
    where = path_of(await tus.begin(100, b"good"))
    file = staged / where.rpartition("/")[2]
    file.with_suffix(".unsure").write_text("4")
    file.write_bytes(b"goodbad")

    assert await tus.offset(where) == 4
    assert (await tus.patch(where, 4, b"more")).status == 204
    assert file.read_bytes() == b"goodmore"


async def test_a_first_piece_counts_once_it_is_compared(tus: Tus, staged: Path) -> None:
    seen: list[str] = []

    async def receive() -> dict[str, object]:
        seen.extend(path.read_text() for path in staged.glob("*.unsure"))
        return {"type": "http.request", "body": b"data", "more_body": False}

    answers: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        answers.append(message)

    told = {
        **tus.headers, "upload-length": "100", "content-type": MEDIA_TYPE,
        "upload-metadata": metadata(filename="a.root", storage="LAPP-DISK"),
        "upload-checksum": sha1(b"data"),
    }  # fmt: skip
    await tus._app(scope_of("POST", UPLOADS, told), receive, send)

    assert seen == ["0"]
    assert answers[0]["status"] == 201
    assert [*staged.glob("*.unsure")] == []


async def test_a_corrupted_first_piece_tells_the_address_to_go_on(tus: Tus) -> None:
    told = metadata(filename="a.root", storage="LAPP-DISK")

    answer = await tus.told(
        "POST", UPLOADS, b"dat!", upload_length="100", upload_metadata=told,
        content_type=MEDIA_TYPE, upload_checksum=sha1(b"data"),
    )  # fmt: skip

    assert answer.status == 460
    assert await tus.offset(path_of(answer)) == 0
    assert (await tus.patch(path_of(answer), 0, b"data")).status == 204


async def test_a_piece_behind_four_gibibytes_is_put_there(
    tus: Tus, staged: Path, alice: User, data_backend: FakeDataBackend
) -> None:
    size = 6 * GIB
    data_backend.set_limit(alice.handle, "LAPP-DISK", size)
    where = path_of(await tus.begin(size))
    file = staged / where.rpartition("/")[2]
    os.truncate(file, size - 8)

    answer = await tus.patch(where, size - 8, b"the last")

    assert (answer.status, answer.headers["upload-offset"]) == (204, str(size))
    assert (await Upload.objects.aget()).state == "checking"
    with file.open("rb") as found:
        found.seek(size - 10)
        assert found.read() == b"\0\0the last"


async def test_a_length_of_many_gibibytes_is_understood(
    tus: Tus, alice: User, data_backend: FakeDataBackend
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 6 * GIB)
    where = path_of(await tus.begin(6 * GIB))

    fits = await tus.patch(where, 0, b"data", content_length=str(6 * GIB))
    more = await tus.patch(where, 4, b"data", content_length=str(6 * GIB))

    assert (fits.status, more.status) == (204, 413)


async def test_what_came_before_a_client_left_is_kept(tus: Tus) -> None:
    where = path_of(await tus.begin(len(CONTENT)))

    answer = await tus.ask(
        "PATCH", where, [CONTENT[:500], CONTENT[500:700]], leaves=True,
        upload_offset="0", content_type=MEDIA_TYPE,
    )  # fmt: skip

    assert answer is None
    assert await tus.offset(where) == 700


async def test_two_that_send_at_once_are_told_apart(tus: Tus) -> None:
    where = path_of(await tus.begin(len(CONTENT)))
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        told = {**tus.headers, "upload-offset": "0", "content-type": MEDIA_TYPE}
        parts = [CONTENT[:10]]

        async def receive() -> dict[str, object]:
            if parts:
                begun.set()
                return {"type": "http.request", "body": parts.pop(), "more_body": True}
            await go_on.wait()
            return {"type": "http.disconnect"}

        async def send(message: object) -> None:
            raise AssertionError(message)

        await tus._app(scope_of("PATCH", where, told), receive, send)

    first = asyncio.create_task(slowly())
    await begun.wait()
    second = await tus.patch(where, 0, CONTENT)
    go_on.set()
    await first

    assert second.status == 423
    assert second.problem()["retryable"]
    assert await tus.offset(where) == 10


async def test_the_method_may_stand_in_a_header(tus: Tus) -> None:
    where = path_of(await tus.begin(100))

    answer = await tus.told(
        "POST", where, b"data",
        x_http_method_override="PATCH", upload_offset="0", content_type=MEDIA_TYPE,
    )  # fmt: skip

    assert (answer.status, answer.headers["upload-offset"]) == (204, "4")


@pytest.mark.parametrize(
    "told",
    ["filename", "filename !!!", "filename YQ==,filename YQ==", "filename /w==", "scope YQ=="],
)
async def test_metadata_that_cannot_be_read_name_their_field(tus: Tus, told: str) -> None:
    answer = await tus.told("POST", UPLOADS, upload_length="1", upload_metadata=told)

    assert answer.status == 422
    assert answer.problem()["field"] in {"Upload-Metadata", "filename"}


async def test_a_silent_sender_makes_room_for_the_next(tus: Tus) -> None:
    where = path_of(await tus.begin(100))
    told = {**tus.headers, "upload-offset": "0", "content-type": MEDIA_TYPE}
    parts = [b"0123456789"]

    async def receive() -> dict[str, object]:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: object) -> None:
        raise AssertionError(message)

    await tus._app(scope_of("PATCH", where, told), receive, send)

    assert (await tus.patch(where, 10, b"more")).status == 204
