"""Files to and from REANA: in pieces, watched, resumed, broken off."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest

from accounts.credentials import Credential
from reproducibility.backends import Removed, WorkspaceFile
from reproducibility.backends.reana import ReanaBackend
from reproducibility.backends.reana.uploading import PIECE, Body
from tests.unit.reproducibility.backends.wire import Answer, Wire
from vre_portal.errors import (
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    RangeNotSatisfiable,
    UpstreamUnavailable,
)
from vre_portal.http import CONNECT_SECONDS

WORKSPACE = "/workflows/x/workspace"
FILE = f"{WORKSPACE}/out/a b.txt"
TEXT = b"0123456789"


class Endless(io.RawIOBase):
    """A stream of zeros that only comes piece by piece, and can't be measured."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= PIECE
        return bytes(size)


class Breaking(io.BytesIO):
    """A file on a disk that breaks."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.fixture
def takes(wire: Wire) -> Wire:
    """A REANA that takes uploads."""
    wire.answers_with("POST", WORKSPACE, Answer({"message": "done"}))
    return wire


def test_an_upload_tells_its_name_and_length(
    takes: Wire, backend: ReanaBackend, who: Credential
) -> None:
    backend.upload(who, "x", "data/in 1.txt", io.BytesIO(TEXT))

    asked = takes.only()
    assert (asked.query["file_name"], asked.body) == ("data/in 1.txt", TEXT)
    assert asked.headers["content-length"] == "10"
    assert asked.headers["content-type"] == "application/octet-stream"
    assert "transfer-encoding" not in asked.headers


def test_an_empty_file_tells_its_length_too(
    takes: Wire, backend: ReanaBackend, who: Credential
) -> None:
    backend.upload(who, "x", "empty", io.BytesIO())

    assert takes.only().headers["content-length"] == "0"
    assert "transfer-encoding" not in takes.only().headers


def test_only_what_is_left_of_a_stream_is_sent(
    takes: Wire, backend: ReanaBackend, who: Credential
) -> None:
    content = io.BytesIO(TEXT)
    content.seek(4)

    backend.upload(who, "x", "rest", content)

    assert takes.only().body == TEXT[4:]


def test_of_a_file_that_grows_what_was_told_is_sent(
    takes: Wire, backend: ReanaBackend, who: Credential
) -> None:
    backend.upload(who, "x", "growing", io.BytesIO(TEXT), size=3)

    assert takes.only().body == TEXT[:3]


def test_a_watcher_hears_of_each_piece(takes: Wire, backend: ReanaBackend, who: Credential) -> None:
    heard: list[int] = []

    backend.upload(
        who, "x", "large", cast(BinaryIO, Endless()), size=2 * PIECE + 7, progress=heard.append
    )

    assert heard == [PIECE, 2 * PIECE, 2 * PIECE + 7]


def test_one_piece_is_in_memory_at_a_time() -> None:
    size = 64 * PIECE
    body = Body(cast(BinaryIO, Endless()), size, None)
    tracemalloc.start()

    sent = sum(map(len, body))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sent == len(body) == size
    assert most < 4 * PIECE


def test_a_stream_that_cannot_be_measured_needs_a_size(
    takes: Wire, backend: ReanaBackend, who: Credential
) -> None:
    with pytest.raises(InvalidRequest, match="must be told"):
        backend.upload(who, "x", "a", cast(BinaryIO, Endless()))

    assert takes.calls() == []


@pytest.mark.parametrize("content", [io.BytesIO(TEXT), Breaking(TEXT)])
def test_a_file_that_ends_too_early_is_said_to(
    takes: Wire, backend: ReanaBackend, who: Credential, content: BinaryIO
) -> None:
    with pytest.raises(InvalidRequest, match="could not be read to its end"):
        backend.upload(who, "x", "short", content, size=11)


def test_what_the_watcher_raises_ends_the_upload(
    takes: Wire, backend: ReanaBackend, who: Credential
) -> None:
    class LostTurn(Exception):
        pass

    def watch(_: int) -> None:
        raise LostTurn

    with pytest.raises(LostTurn):
        backend.upload(who, "x", "a", io.BytesIO(TEXT), progress=watch)


def test_a_service_that_takes_its_time_between_pieces_gets_them_all(
    takes: Wire, backend: ReanaBackend, who: Credential
) -> None:
    takes.pause = CONNECT_SECONDS + 0.3
    size = 32 * PIECE

    backend.upload(who, "x", "large", cast(BinaryIO, Endless()), size=size)

    assert len(takes.only().body) == size


def test_an_upload_over_the_quota_says_so(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("POST", WORKSPACE, Answer({"message": "Disk quota exceeded."}, 403))

    with pytest.raises(QuotaExceeded, match="Disk quota exceeded"):
        backend.upload(who, "x", "a", io.BytesIO(TEXT))


def test_a_download_goes_on_where_it_ended(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("GET", FILE, Answer(TEXT[4:], 206))

    pieces = backend.download(who, "x", "out/a b.txt", offset=4)

    assert b"".join(pieces) == TEXT[4:]
    assert wire.only().headers["range"] == "bytes=4-"
    assert wire.only().headers["accept-encoding"] == "identity"


def test_a_server_without_ranges_is_read_from_there_too(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("GET", FILE, Answer(TEXT))

    assert b"".join(backend.download(who, "x", "out/a b.txt", offset=4)) == TEXT[4:]


@pytest.mark.parametrize("answer", [Answer({}, 416), Answer(TEXT)])
def test_behind_the_end_there_is_nothing(
    wire: Wire, backend: ReanaBackend, who: Credential, answer: Answer
) -> None:
    wire.answers_with("GET", FILE, answer)

    with pytest.raises(RangeNotSatisfiable):
        list(backend.download(who, "x", "out/a b.txt", offset=11))


def test_a_download_that_breaks_off_is_told(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("GET", FILE, Answer(TEXT, short=3))

    with pytest.raises(UpstreamUnavailable, match="broke off"):
        b"".join(backend.download(who, "x", "out/a b.txt"))


def test_a_folder_comes_as_a_zip(wire: Wire, backend: ReanaBackend, who: Credential) -> None:
    wire.answers_with(
        "GET", f"{WORKSPACE}/out", Answer(b"PK..", headers={"Content-Type": "application/zip"})
    )

    assert b"".join(backend.archive(who, "x", "out")) == b"PK.."


def test_a_single_file_is_no_archive(wire: Wire, backend: ReanaBackend, who: Credential) -> None:
    wire.answers_with(
        "GET", FILE, Answer(TEXT, headers={"Content-Type": "application/octet-stream"})
    )

    with pytest.raises(InvalidRequest, match="single file"):
        backend.archive(who, "x", "out/a b.txt")


@pytest.mark.parametrize("path", ["../../secrets", "a/../../x", "", ".", "a/./b"])
def test_a_path_does_not_lead_to_another_call(
    wire: Wire, backend: ReanaBackend, who: Credential, path: str
) -> None:
    for ask in (backend.download, backend.archive, backend.remove_files):
        with pytest.raises(InvalidRequest):
            ask(who, "x", path)

    assert wire.calls() == []


def test_removed_files_are_told_one_by_one(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    told = {"deleted": {"/a": {"size": 7}}, "failed": {"/b": {"error": "busy"}}}
    wire.answers_with("DELETE", f"{WORKSPACE}/*", Answer(told))

    done = backend.remove_files(who, "x", "*")

    assert done == Removed((WorkspaceFile("a", 7),), ("b",))


def test_where_nothing_is_removed_nothing_was_there(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("DELETE", f"{WORKSPACE}/no", Answer({"deleted": {}, "failed": {}}))

    with pytest.raises(NotFound):
        backend.remove_files(who, "x", "no")


def test_every_page_of_a_workspace_is_read(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    def rows(first: int, last: int) -> Iterator[dict[str, object]]:
        return ({"name": f"/f{n}", "size": {"raw": n}} for n in range(first, last))

    pages = [Answer({"items": list(rows(*part))}) for part in ((0, 500), (500, 501))]
    wire.answers_with("GET", WORKSPACE, *pages)

    files = backend.list_files(who, "x")

    assert len(files) == 501
    assert files[7] == WorkspaceFile("f7", 7)


def test_the_sum_of_a_workspace_is_asked_in_the_body_of_a_get(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    usage = [{"name": "", "size": {"raw": 1234}}]
    wire.answers_with("GET", "/workflows/x/disk_usage", Answer({"disk_usage_info": usage}))

    assert backend.disk_usage(who, "x") == 1234
    assert wire.only().json == {"summarize": True}
