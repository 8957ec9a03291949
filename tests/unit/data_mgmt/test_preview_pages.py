"""Previews on their page and by API: made once, shown to whoever may, and every state is of use."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Identity, User
from data_mgmt import services
from data_mgmt.backends import Did, DidInfo
from data_mgmt.previews.maker import Failure, Made
from data_mgmt.previews.options import Options
from data_mgmt.services import previews
from data_mgmt.services.previews import State
from tests.factories import lend
from tests.fakes.data import FakeDataBackend
from vre_portal.config import get_config
from vre_portal.errors import NotFound, UpstreamUnavailable

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(data_backend: FakeDataBackend) -> Iterator[list[str]]:
    """A door that serves the fake's files by range; returns what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, _storage, scope, name = self.path.split("/", 3)
            content = data_backend.files[Did(scope, name)].content
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            asked.append(self.headers["Range"])
            held = content[int(first) : int(last) + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            self.send_header("Content-Length", str(len(held)))
            self.end_headers()
            self.wfile.write(held)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    data_backend.door_base = f"http://127.0.0.1:{server.server_port}"
    yield asked
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _nothing_kept(alice: User, bob: User) -> Iterator[None]:
    cache.clear()
    for user in (alice, bob):
        identity = Identity.objects.get(user=user)
        lend(identity, get_config().storage_audience, f"storage-token-of-{user.handle}")
    yield
    cache.clear()


def made(user: User, did: str, **options: str) -> None:
    """Make what the queue would: the preview that a page asked for."""
    info = get_info(user, did)
    asked = Options.of(options)
    previews.make(user.pk, info.did, asked, previews._key(info, asked))


def get_info(user: User, did: str) -> DidInfo:
    parsed = Did.parse(did)
    info: DidInfo = services.ask(user, lambda backend, who: backend.get_did(who, parsed))
    return info


def test_a_file_opens_with_its_preview_once_it_is_made(
    browser: Client, alice: User, data_backend: FakeDataBackend, door: list[str]
) -> None:
    data_backend.add_file("cms:a.csv", b"x,y\n1,2\n3,5\n", ["CERN-DISK"])

    waiting = browser.get("/data/cms:a.csv").text
    made(alice, "cms:a.csv")
    answer = browser.get("/data/cms:a.csv?tab=preview&fragment=preview").text

    assert "being read and drawn" in waiting
    assert 'data-live="preview:' in waiting
    assert "Look again" in waiting
    assert '<svg class="chart"' in answer
    assert "<title>" in answer
    assert "style=" not in answer
    assert "Of all 2 rows." in answer


def test_the_api_answers_202_first_and_the_values_then(
    browser: Client, alice: User, data_backend: FakeDataBackend, door: list[str]
) -> None:
    data_backend.add_file("cms:b.csv", b"x,y\n1,2\n3,5\n", ["CERN-DISK"])

    first = browser.get("/api/v1/data/files/cms/b.csv/preview?branch=y")
    made(alice, "cms:b.csv", branch="y")
    then = browser.get("/api/v1/data/files/cms/b.csv/preview?branch=y").json()

    assert (first.status_code, first["Retry-After"], first.json()["state"]) == (202, "1", "making")
    assert then["state"] == "ready"
    assert [block["kind"] for block in then["blocks"]] == ["choice", "histogram", "table", "table"]
    assert then["blocks"][1]["note"] == "Of all 2 rows."
    assert then["read"] == {"bytes": 12, "ranges": 1}


@pytest.mark.parametrize("query", ["rows=0", "stretch=x", "hdu=z", "page=a"])
def test_a_bad_option_is_a_422_that_names_it(
    browser: Client, data_backend: FakeDataBackend, query: str
) -> None:
    answer = browser.get(f"/api/v1/data/files/cms/muons_1.root/preview?{query}")

    assert answer.status_code == 422
    assert answer.json()["field"] == query.partition("=")[0]


def test_an_option_that_the_file_has_nothing_for_is_a_422_too(
    browser: Client, alice: User, data_backend: FakeDataBackend, door: list[str]
) -> None:
    data_backend.add_file("cms:c.csv", b"x,y\n1,2\n", ["CERN-DISK"])
    made(alice, "cms:c.csv", branch="z")

    answer = browser.get("/api/v1/data/files/cms/c.csv/preview?branch=z")
    page = browser.get("/data/cms:c.csv?tab=preview&branch=z").text

    assert (answer.status_code, answer.json()["field"]) == (422, "branch")
    assert "Show the file from its beginning" in page


def test_a_preview_is_made_once_for_all(
    browser: Client, alice: User, bob: User, data_backend: FakeDataBackend, door: list[str]
) -> None:
    data_backend.add_file("cms:d.txt", b"hello", ["CERN-DISK"])
    made(alice, "cms:d.txt")
    before = len(door)

    made(bob, "cms:d.txt")
    answer = previews.preview(bob, get_info(bob, "cms:d.txt"), Options())

    assert answer.state is State.READY
    assert len(door) == before


def test_hostile_text_stays_text(
    browser: Client, alice: User, data_backend: FakeDataBackend, door: list[str]
) -> None:
    held = "<script>alert(1)</script>\u202egnp".encode()
    data_backend.add_file("cms:e.txt", held, ["CERN-DISK"])
    made(alice, "cms:e.txt")

    text = browser.get("/data/cms:e.txt?tab=preview&fragment=preview").text

    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize(
    ("file", "words"),
    [
        (("f.txt", b"", "CERN-DISK"), "This file is empty"),
        (("f.bin", b"\x7fELF\0\0", "CERN-DISK"), "There is no preview for this kind of file"),
        (("f.root", b"root\0\0\0\0broken", "CERN-DISK"), "This file can&#x27;t be read"),
        (("f.csv", b"a,b", "CNAF-TAPE"), "There is no preview now"),
    ],
)
def test_each_state_without_a_preview_says_what_to_do(
    browser: Client,
    alice: User,
    data_backend: FakeDataBackend,
    file: tuple[str, bytes, str],
    words: str,
) -> None:
    name, content, at = file
    data_backend.add_file(f"cms:{name}", content, [at])
    made(alice, f"cms:{name}")

    text = browser.get(f"/data/cms:{name}?tab=preview").text

    assert words in text
    assert "Open in a session" in text
    assert browser.get(f"/api/v1/data/files/cms/{name}/preview").status_code in {200, 409}


def test_a_storage_that_is_down_is_told_and_asked_again(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    data_backend.add_file("cms:g.txt", b"hello", ["CERN-DISK"])
    made(alice, "cms:g.txt")

    answer = browser.get("/api/v1/data/files/cms/g.txt/preview")
    page = browser.get("/data/cms:g.txt?tab=preview").text

    assert answer.status_code == 503
    assert "Try again" in page


def test_when_all_places_are_taken_the_work_waits_and_says_so(
    alice: User, data_backend: FakeDataBackend
) -> None:
    data_backend.add_file("cms:h.txt", b"hello", ["CERN-DISK"])
    info = get_info(alice, "cms:h.txt")
    for number in range(get_config().preview_workers):
        cache.add(f"preview-place:{number}", 1, 60)

    with pytest.raises(previews.Busy):
        made(alice, "cms:h.txt")
    previews.too_busy(alice.pk, previews._key(info, Options()))

    with pytest.raises(UpstreamUnavailable, match="Many previews"):
        previews.preview(alice, info, Options())


def test_the_topic_of_a_preview_is_its_askers_alone(
    alice: User, bob: User, data_backend: FakeDataBackend
) -> None:
    answer = previews.preview(alice, get_info(alice, "cms:muons_1.root"), Options())
    _, _, mine = answer.topic.partition(":")

    assert previews.present_state(alice.pk, mine) == {"state": "making"}
    with pytest.raises(NotFound):
        previews.present_state(bob.pk, mine)


def test_a_collection_has_no_preview(browser: Client, data_backend: FakeDataBackend) -> None:
    assert browser.get("/api/v1/data/files/cms/dimuon/preview").status_code == 422
    assert "?tab=preview" not in browser.get("/data/cms:dimuon").text


def test_so_many_previews_are_kept_and_no_more(alice: User, data_backend: FakeDataBackend) -> None:
    for number in range(previews.KEPT + 1):
        previews._keep(f"preview-{number}", Made("", failure=Failure.BROKEN))

    assert previews._kept("preview-0") is None
    assert previews._kept("preview-1") is not None
