"""A file through the portal: parts of it, its headers, and what happens when storages fail."""

from __future__ import annotations

import asyncio
import json
import uuid
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.credentials import Credential
from data_mgmt.backends import Did
from data_mgmt.services import archives
from data_mgmt.services.reading import Readable
from tests.doors import Door, Fault, opened
from tests.fakes.data import FakeDataBackend
from tests.streams import Reader
from vre_portal.config import get_config
from vre_portal.download_parts import Prepared, Wanted
from vre_portal.downloads import Downloads
from vre_portal.errors import Forbidden, SignInRequired
from vre_portal.raw_asgi import App, Edge

CONTENT = bytes(range(256)) * 4096
FILE = Did("cms", "big.root")
ADDRESS = "/api/v1/data/files/cms/big.root/content"
TWO = ["CERN-DISK", "LAPP-DISK"]
ETAG = f'"{zlib.adler32(CONTENT):08x}-{len(CONTENT)}"'


class Gate:
    """Who may download: without a database, signed in is who sends the cookie "alice"."""

    def __init__(self, backend: FakeDataBackend) -> None:
        self._backend = backend
        self.refusal: Exception | None = None
        self.damaged: list[tuple[Did, list[str]]] = []
        self.kept: set[Did] = set()

    def lend(self) -> Credential:
        later = datetime.now(UTC) + timedelta(minutes=5)
        return Credential(uuid.uuid4(), "alice", "storage", "token-of-alice", later)

    def prepare(self, wanted: Wanted) -> Prepared:
        if wanted.header("Cookie") != "alice":
            raise SignInRequired("Sign in to use the API.")
        who, did = self.lend(), wanted.did or FILE
        if wanted.part == "zip":
            found = self._backend.sources_below(who, did, limit=100)
            what: Any = archives.packed(did.name, found)
        else:
            sources = self._backend.file_sources(who, did)
            what = Readable(sources.file, sources.on_disk)
        return Prepared(
            what,
            self.lend,
            self.ask_again,
            lambda file, storages: self.damaged.append((file, storages)),
            self.admit,
        )

    def admit(self, did: Did) -> None:
        if did in self.kept:
            raise Forbidden("It is proprietary.")

    def ask_again(self) -> None:
        if self.refusal is not None:
            raise self.refusal


@pytest.fixture
def gate(data_backend: FakeDataBackend) -> Gate:
    data_backend.add_file(str(FILE), CONTENT, TWO)
    return Gate(data_backend)


@pytest.fixture
async def door(data_backend: FakeDataBackend) -> AsyncIterator[Door]:
    async with opened(data_backend) as made:
        yield made


@pytest.fixture
async def downloads(gate: Gate, door: Door, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"Django's"})

    monkeypatch.setenv("VRE_UPSTREAM_TIMEOUT", "0.4")
    get_config.cache_clear()
    made = Downloads(behind, prepare=gate.prepare, every=0.02)
    yield Edge(made)
    await made.close()


def asking(**headers: str) -> Reader:
    return Reader("alice", accept="*/*", **headers)


async def test_a_file_comes_whole_with_its_checksum_and_the_persons_own_token(
    downloads: App, door: Door
) -> None:
    answer = await asking().get(downloads, ADDRESS)

    assert answer.status == 200
    assert answer.complete
    assert bytes(answer.body) == CONTENT
    assert answer.header(b"content-length") == str(len(CONTENT))
    assert answer.header(b"etag") == ETAG
    assert answer.header(b"digest") == f"adler32={zlib.adler32(CONTENT):08x}"
    assert answer.header(b"repr-digest").startswith("adler=:")
    assert answer.header(b"accept-ranges") == "bytes"
    assert door.asked[0].headers["Authorization"] == "Bearer token-of-alice"
    assert "cookie" not in door.asked[0].headers


async def test_no_browser_shows_or_shares_it(downloads: App) -> None:
    answer = await asking().get(downloads, ADDRESS)

    assert answer.header(b"content-type") == "application/octet-stream"
    assert answer.header(b"content-disposition") == 'attachment; filename="big.root"'
    assert answer.header(b"x-content-type-options") == "nosniff"
    assert "sandbox" in answer.header(b"content-security-policy")
    assert answer.header(b"cache-control") == "private, no-cache"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-10", 5, 11),
        ("bytes=1048570-", 1048570, len(CONTENT)),
        ("bytes=-6", len(CONTENT) - 6, len(CONTENT)),
        ("bytes=-99999999999", 0, len(CONTENT)),
        ("bytes=10-99999999999999999999", 10, len(CONTENT)),
        ("Bytes=0-", 0, len(CONTENT)),
    ],
)
async def test_a_part_is_that_part(downloads: App, asked: str, start: int, end: int) -> None:
    answer = await asking(range=asked).get(downloads, ADDRESS)

    assert answer.status == 206
    assert bytes(answer.body) == CONTENT[start:end]
    assert answer.header(b"content-range") == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert answer.header(b"content-length") == str(end - start)


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,4-5", "lines=0-1", "bytes=5-2", "bytes=-", "bytes=a-b", "bytes 0-1"]
)
async def test_what_is_no_single_range_gets_the_whole(downloads: App, asked: str) -> None:
    answer = await asking(range=asked).get(downloads, ADDRESS)

    assert (answer.status, len(answer.body)) == (200, len(CONTENT))


@pytest.mark.parametrize("asked", ["bytes=1048576-", "bytes=9999999-99999999", "bytes=-0"])
async def test_a_part_behind_the_end_is_refused_with_the_size(downloads: App, asked: str) -> None:
    answer = await asking(range=asked).get(downloads, ADDRESS)

    assert answer.status == 416
    assert answer.header(b"content-range") == f"bytes */{len(CONTENT)}"
    assert answer.problem()["code"] == "range-not-satisfiable"


@pytest.mark.parametrize(
    ("only_if", "status"),
    [(ETAG, 206), ('"other-1"', 200), (f"W/{ETAG}", 200), ("Thu, 26 Nov 2026 12:00:00 GMT", 200)],
)
async def test_a_part_of_another_file_is_not_joined(
    downloads: App, only_if: str, status: int
) -> None:
    headers = {"range": "bytes=1-2", "if-range": only_if}

    answer = await asking(**headers).get(downloads, ADDRESS)

    assert answer.status == status


async def test_what_the_client_has_is_not_sent_again(downloads: App, door: Door) -> None:
    answer = await asking(**{"if-none-match": f'"x", W/{ETAG}'}).get(downloads, ADDRESS)

    assert (answer.status, bytes(answer.body), answer.complete) == (304, b"", True)
    assert door.asked == []


async def test_head_asks_no_storage(downloads: App, door: Door) -> None:
    answer = await asking().head(downloads, ADDRESS)

    assert (answer.status, bytes(answer.body), answer.complete) == (200, b"", True)
    assert answer.header(b"content-length") == str(len(CONTENT))
    assert door.asked == []


@pytest.mark.parametrize("content", [b"", b"1"])
async def test_the_smallest_files_come_whole(
    downloads: App, data_backend: FakeDataBackend, content: bytes
) -> None:
    data_backend.add_file("cms:small", content, TWO)

    answer = await asking().get(downloads, "/api/v1/data/files/cms/small/content")

    assert (answer.status, bytes(answer.body), answer.complete) == (200, content, True)
    assert answer.header(b"content-length") == str(len(content))


async def test_an_empty_file_has_no_part(downloads: App, data_backend: FakeDataBackend) -> None:
    data_backend.add_file("cms:small", b"", TWO)

    answer = await asking(range="bytes=0-").get(downloads, "/api/v1/data/files/cms/small/content")

    assert answer.status == 416


@pytest.mark.parametrize("fault", [each for each in Fault if each is not Fault.CORRUPT])
async def test_where_a_storage_fails_the_next_goes_on(
    downloads: App, door: Door, gate: Gate, fault: Fault
) -> None:
    door.faults["CERN-DISK"] = fault
    ranged = fault is Fault.NO_RANGES

    answer = await asking(**({"range": "bytes=7-"} if ranged else {})).get(downloads, ADDRESS)

    assert answer.complete
    assert bytes(answer.body) == CONTENT[7 if ranged else 0 :]
    assert {*door.storages} == {*TWO}
    assert gate.damaged == []


async def test_the_next_storage_is_asked_for_the_rest_only(downloads: App, door: Door) -> None:
    door.faults["CERN-DISK"] = Fault.CUT

    await asking().get(downloads, ADDRESS)

    asked = door.asked[1].headers["Range"]
    assert 0 < int(asked.removeprefix("bytes=").split("-")[0]) <= len(CONTENT) // 2


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.MISSING, 503), (Fault.REFUSES, 503), (Fault.SHORT, 503)]
)
async def test_without_a_storage_nothing_is_begun(
    downloads: App, door: Door, fault: Fault, status: int
) -> None:
    door.faults = dict.fromkeys(TWO, fault)

    answer = await asking().get(downloads, ADDRESS)

    assert answer.status == status
    assert "cms:big.root" in answer.problem()["detail"]
    assert b"secret" not in answer.body


@pytest.mark.parametrize("fault", [Fault.FROZEN, Fault.CUT])
async def test_what_breaks_everywhere_never_looks_whole(
    downloads: App, door: Door, data_backend: FakeDataBackend, fault: Fault
) -> None:
    data_backend.files[FILE].storages = {"CERN-DISK"}
    door.faults["CERN-DISK"] = fault

    answer = await asyncio.wait_for(asking().get(downloads, ADDRESS), 20)

    assert answer.status == 200
    assert not answer.complete
    assert CONTENT.startswith(bytes(answer.body))
    assert len(answer.body) < len(CONTENT)


async def test_a_damaged_copy_is_cut_before_its_end_and_its_storage_told(
    downloads: App, door: Door, gate: Gate
) -> None:
    door.faults["CERN-DISK"] = Fault.CORRUPT

    answer = await asking().get(downloads, ADDRESS)

    assert answer.status == 200
    assert not answer.complete
    assert len(answer.body) < len(CONTENT)
    assert gate.damaged == [(FILE, ["CERN-DISK"])]


async def test_a_small_damaged_copy_is_a_problem_and_no_file(
    downloads: App, door: Door, gate: Gate, data_backend: FakeDataBackend
) -> None:
    data_backend.add_file("cms:small", b"small", ["CERN-DISK"])
    door.faults["CERN-DISK"] = Fault.CORRUPT

    answer = await asking().get(downloads, "/api/v1/data/files/cms/small/content")

    assert answer.status == 502
    assert "damaged" in answer.problem()["detail"]


async def test_strangers_get_a_problem_and_storages_hear_nothing(
    downloads: App, door: Door
) -> None:
    answer = await Reader("bob").get(downloads, ADDRESS)

    assert answer.status == 401
    assert door.asked == []


async def test_other_addresses_and_methods_are_djangos(downloads: App) -> None:
    answers = [
        await asking().get(downloads, "/api/v1/data/files/cms/big.root"),
        await asking().request("POST", downloads, ADDRESS),
    ]

    assert [answer.status for answer in answers] == [418, 418]


def large(data_backend: FakeDataBackend) -> None:
    data_backend.files[FILE].content = bytes(60_000_000)


async def begun(app: App, reader: Reader) -> asyncio.Task[Reader]:
    running = asyncio.create_task(reader.get(app, ADDRESS))
    while not reader.body:
        await asyncio.sleep(0)
    return running


async def test_who_leaves_ends_the_reading_at_once(
    downloads: App, door: Door, data_backend: FakeDataBackend
) -> None:
    large(data_backend)
    browser = asking()
    running = await begun(downloads, browser)
    browser.reading.clear()

    browser.leave.set()

    await asyncio.wait_for(running, 2)
    await asyncio.wait_for(door.left.wait(), 2)


async def test_a_client_that_does_not_read_stops_the_reading(
    downloads: App, door: Door, data_backend: FakeDataBackend
) -> None:
    large(data_backend)
    browser = asking()
    running = await begun(downloads, browser)
    browser.reading.clear()

    settled = -1
    while settled != door.sent:
        settled = door.sent
        await asyncio.sleep(0.1)

    assert door.sent < 30_000_000
    browser.leave.set()
    await asyncio.wait_for(running, 2)


@pytest.mark.parametrize("refusal", [SignInRequired("signed out"), Forbidden("an embargo")])
async def test_it_is_cut_when_its_reader_may_not_go_on(
    downloads: App, gate: Gate, data_backend: FakeDataBackend, refusal: Exception
) -> None:
    large(data_backend)
    browser = asking()
    running = await begun(downloads, browser)
    browser.reading.clear()

    gate.refusal = refusal

    await asyncio.wait_for(running, 2)
    assert not browser.complete


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a/b/c.root", 'filename="c.root"'),
        ('"><script>alert(1)</script>.html', 'filename="script>.html"'),
        ('say "hi".txt', 'filename="say \\"hi\\".txt"'),
        ("\u05d0\u05d1\u202etxt.exe", "filename*=utf-8''%D7%90%D7%91_txt.exe"),
        ("new\r\nSet-Cookie: x=1", 'filename="new__Set-Cookie: x=1"'),
        ("é" * 250, "filename*=utf-8''" + "%C3%A9" * 250),
        ("..", 'filename="_"'),
    ],
)
async def test_it_is_saved_under_its_own_name(
    downloads: App, data_backend: FakeDataBackend, name: str, told: str
) -> None:
    data_backend.types[Did("cms", name)] = data_backend.types[FILE]
    data_backend.files[Did("cms", name)] = data_backend.files[FILE]

    answer = await asking().head(downloads, f"/api/v1/data/files/cms/{name}/content")

    assert answer.header(b"content-disposition") == f"attachment; {told}"
    assert json.dumps(answer.header(b"content-disposition")).count("\\n") == 0
