"""The demo's storage door: bytes for the providers' tokens, and writing that harms nobody."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
import requests

from data_mgmt.backends import Did, FileSources
from data_mgmt.backends.rucio import RucioBackend
from demo.process import wait_until
from demo.rucio.rest import service
from demo.rucio.storages import CATALOGUE
from demo.stack import Stack
from tests.contract.real_parts import GIB, place_of, sparse_file
from tests.signin import exchange, running_stack, sign_in
from vre_portal.config import get_config

FILE = Did("astro", "m13.fits")
TIMEOUT = 20
REAPED_SECONDS = 60


def token_of(stack: Stack, username: str, audience: str = "") -> str:
    return exchange(stack, sign_in(stack, username), audience or get_config().storage_audience)


@pytest.fixture(scope="module")
def stack() -> Stack:
    return running_stack()


@pytest.fixture(scope="module")
def rana(stack: Stack) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token_of(stack, 'researcher')}"
    return session


@pytest.fixture(scope="module")
def other(stack: Stack) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token_of(stack, 'colleague')}"
    return session


@pytest.fixture
def folder(stack: Stack, rana: requests.Session) -> Iterator[str]:
    """A folder of one test's own at a storage; its address."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    address = stack.url("storage", f"/LAPP-DISK/{name}")
    assert rana.request("MKCOL", address, timeout=TIMEOUT).status_code == HTTPStatus.CREATED
    yield address
    place = CATALOGUE[1].folder(stack) / name
    for path in sorted(place.rglob("*"), reverse=True):
        path.unlink() if path.is_file() or path.is_symlink() else path.rmdir()
    place.rmdir()


def test_the_door_gives_the_bytes_of_the_catalogues_checksum(
    stack: Stack, rana: requests.Session
) -> None:
    found = _sources(stack, FILE)

    for source in found.on_disk:
        whole = rana.get(source.url, timeout=TIMEOUT)
        assert f"{zlib.adler32(whole.content):08x}" == found.file.adler32
        part = rana.get(source.url, headers={"Range": "bytes=3-6"}, timeout=TIMEOUT)
        assert (part.status_code, part.content) == (206, whole.content[3:7])
        assert part.headers["Content-Range"] == f"bytes 3-6/{found.file.bytes}"
        head = rana.head(source.url, timeout=TIMEOUT)
        assert head.headers["Content-Length"] == str(found.file.bytes)


def test_without_a_token_for_storages_nobody_gets_in(stack: Stack) -> None:
    address = stack.url("storage", "/LAPP-DISK/")
    tokens = ["", "x.y.z", token_of(stack, "researcher", "reana")]

    answers = [
        requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT)
        for token in tokens
    ]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert all(a.headers["WWW-Authenticate"].startswith("Bearer") for a in answers)


def test_who_wrote_a_file_may_change_it_and_nobody_else(
    rana: requests.Session, other: requests.Session, folder: str
) -> None:
    file, moved = f"{folder}/a%20%C3%A9%22%3C%23%3F", f"{folder}/b"
    statuses = [
        rana.put(file, b"one", timeout=TIMEOUT),
        other.put(file, b"two", timeout=TIMEOUT),
        other.delete(file, timeout=TIMEOUT),
        other.request("MOVE", file, headers={"Destination": moved}, timeout=TIMEOUT),
        rana.put(file, b"three", timeout=TIMEOUT),
        rana.request("MOVE", file, headers={"Destination": moved}, timeout=TIMEOUT),
        other.get(moved, timeout=TIMEOUT),
        rana.delete(folder, timeout=TIMEOUT),
        rana.delete(moved, timeout=TIMEOUT),
    ]

    assert [answer.status_code for answer in statuses] == [
        201, 412, 412, 412, 204, 201, 200, 403, 204,
    ]  # fmt: skip
    assert statuses[6].content == b"three"


def test_the_door_leads_nowhere_else_and_tells_no_paths(
    stack: Stack, rana: requests.Session, folder: str
) -> None:
    place = CATALOGUE[1].folder(stack) / folder.rpartition("/")[2]
    (place / "link").symlink_to("/etc/passwd")
    paths = ["/etc/passwd", "/LAPP-DISK/%2e%2e/CERN-DISK/", "/LAPP-DISK/%2e%2e%2fx", "/"]
    addresses = [stack.url("storage", path) for path in paths]

    answers = [rana.get(each, timeout=TIMEOUT) for each in (*addresses, f"{folder}/link")]
    written = rana.put(f"{folder}/link", b"x", timeout=TIMEOUT)

    assert {answer.status_code for answer in answers} <= {403, 404}
    assert written.status_code == 403
    assert all(str(stack.state) not in a.text for a in (*answers, written))
    assert Path("/etc/passwd").read_bytes() != b"x"


def test_half_an_upload_leaves_nothing(stack: Stack, rana: requests.Session, folder: str) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise RuntimeError("the client died")

    with pytest.raises(RuntimeError):
        rana.put(f"{folder}/half", data=breaks(), timeout=TIMEOUT)

    assert rana.get(f"{folder}/half", timeout=TIMEOUT).status_code == 404
    place = CATALOGUE[1].folder(stack) / folder.rpartition("/")[2]
    assert wait_until(lambda: not any(place.iterdir()), TIMEOUT), "half of it stayed"


@pytest.fixture
def sparse(stack: Stack) -> Iterator[Did]:
    """A registered file of 20 GB without a block on disk, with a name as long as may be."""
    with sparse_file(stack, 20 * GIB, tail=b"end") as did:
        place = place_of(stack, did)
        yield did
    # The reaper still takes the folder and not the door, for which it has no token.
    gone = wait_until(lambda: not place.exists(), REAPED_SECONDS)
    assert gone, "the reaper did not remove the file"


def test_the_end_of_a_very_large_file_is_read_at_once(
    stack: Stack, rana: requests.Session, sparse: Did
) -> None:
    found = _sources(stack, sparse)
    [source] = found.sources

    head = rana.head(source.url, timeout=TIMEOUT)
    end = rana.get(source.url, headers={"Range": "bytes=-3"}, timeout=TIMEOUT)

    assert found.file.bytes == int(head.headers["Content-Length"]) == 20 * GIB
    assert (end.status_code, end.content) == (206, b"end")


def test_rucios_own_daemons_and_clients_still_take_the_folder(stack: Stack) -> None:
    rucio = service(stack)
    for storage in CATALOGUE:
        told = rucio.call("GET", f"/rses/{storage.name}")["protocols"]
        domains = {row["scheme"]: row["domains"]["wan"] for row in told}
        assert domains["file"]["read"] == domains["file"]["delete"] == 1
        assert domains["http"]["read"] == 2
        assert not domains["http"].get("third_party_copy_read")


def _sources(stack: Stack, did: Did) -> FileSources:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VRE_RUCIO_URL", stack.url("rucio"))
        patch.setenv("VRE_RUCIO_SERVICE_PASSWORD", stack.secret("rucio-root"))
        get_config.cache_clear()
        backend = RucioBackend()
        found = backend.file_sources(backend.service_credential(), did)
    get_config.cache_clear()
    return found
