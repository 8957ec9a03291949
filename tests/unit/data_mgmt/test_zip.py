"""Many files as one ZIP: whole, of the promised length, and never whole when one is wrong."""

from __future__ import annotations

import io
import zipfile

import pytest

from data_mgmt.backends import Did
from data_mgmt.backends.contents import FileSource, FileSources
from data_mgmt.backends.values import FileEntry, StorageKind
from data_mgmt.file_names import paths_of
from data_mgmt.services import archives
from tests.doors import Door, Fault
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.test_downloads import Gate, asking, door, downloads, gate
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest
from vre_portal.raw_asgi import App
from vre_portal.zip_out import ZipOut, length_of

__all__ = ["door", "downloads", "gate"]

ADDRESS = "/api/v1/data/dids/cms/dimuon/zip"
MIB = 2**20


@pytest.fixture
def small(data_backend: FakeDataBackend) -> FakeDataBackend:
    data_backend.add_file("cms:empty.txt", b"", ["CERN-DISK"])
    data_backend.children[Did("cms", "dimuon")].append(Did("cms", "empty.txt"))
    return data_backend


async def test_a_dataset_comes_as_a_zip_of_the_promised_length(
    downloads: App, small: FakeDataBackend
) -> None:
    answer = await asking().get(downloads, ADDRESS)

    assert (answer.status, answer.complete) == (200, True)
    assert answer.header(b"content-length") == str(len(answer.body))
    assert answer.header(b"content-disposition") == 'attachment; filename="dimuon.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == [
            "dimuon/MANIFEST.txt", "dimuon/empty.txt",
            "dimuon/muons_1.root", "dimuon/muons_2.root", "dimuon/muons_3.root",
        ]  # fmt: skip
        assert packed.read("dimuon/muons_2.root") == b"x" * 200
        assert {each.compress_type for each in packed.infolist()} == {zipfile.ZIP_STORED}
        manifest = packed.read("dimuon/MANIFEST.txt").decode().splitlines()
    assert manifest[0].split("\t") == ["adler32", "bytes", "did", "path"]
    assert manifest[1].split("\t") == ["00000001", "0", "cms:empty.txt", "empty.txt"]


async def test_the_same_files_make_the_same_zip(downloads: App) -> None:
    answers = [await asking().get(downloads, ADDRESS) for _ in range(2)]

    assert answers[0].body == answers[1].body


async def test_head_tells_its_length_and_asks_no_storage(downloads: App, door: Door) -> None:
    answer = await asking().head(downloads, ADDRESS)

    assert int(answer.header(b"content-length")) > 600
    assert (bytes(answer.body), door.asked) == (b"", [])


@pytest.mark.parametrize("fault", [Fault.CORRUPT, Fault.CUT, Fault.FROZEN, Fault.SHORT])
async def test_a_wrong_file_in_the_middle_cuts_it(
    downloads: App, door: Door, gate: Gate, data_backend: FakeDataBackend, fault: Fault
) -> None:
    middle = Did("cms", "muons_2.root")
    data_backend.files[middle].content = b"y" * MIB
    data_backend.files[middle].storages = {"LAPP-DISK"}
    door.faults["LAPP-DISK"] = fault

    answer = await asking().get(downloads, ADDRESS)

    assert answer.status == 200
    assert not answer.complete
    assert not zipfile.is_zipfile(io.BytesIO(answer.body))
    assert gate.damaged == ([(middle, ["LAPP-DISK"])] if fault is Fault.CORRUPT else [])


async def test_of_many_files_each_is_asked_whether_it_may_go_out(
    downloads: App, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "FILES", 2)
    gate.kept.add(Did("cms", "muons_3.root"))

    answer = await asking().get(downloads, ADDRESS)

    assert not answer.complete
    assert b"muons_2" in answer.body
    assert b"x" * 300 not in answer.body


def sources(name: str, size: int = 5, *kinds: StorageKind) -> FileSources:
    found = tuple(FileSource(kind, f"http://127.0.0.1/{kind}", kind) for kind in kinds)
    return FileSources(FileEntry(Did("cms", name), size, "00000001"), found)


DISK, TAPE = StorageKind.DISK, StorageKind.TAPE


def test_too_much_is_refused_with_what_to_take_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VRE_ZIP_MAX_FILES", "1")
    get_config.cache_clear()

    with pytest.raises(InvalidRequest, match="metalink or the script"):
        archives.packed("x", [sources("a", 1, DISK), sources("b", 1, DISK)])

    monkeypatch.undo()
    get_config.cache_clear()
    with pytest.raises(InvalidRequest, match="metalink or the script"):
        archives.packed("x", [sources("a", 101 * 2**30, DISK)])


def test_files_without_a_copy_on_disk_are_named() -> None:
    found = [sources("a", 1, DISK), sources("b", 1, TAPE), *map(sources, "cdef")]

    with pytest.raises(Conflict, match=r"5 of 6 files can't be read now: cms:b, cms:c, cms:d"):
        archives.packed("x", found)
    with pytest.raises(Conflict, match="ask for a copy on disk"):
        archives.packed("x", found[:2])
    with pytest.raises(InvalidRequest):
        archives.packed("x", [])


@pytest.mark.parametrize(
    ("names", "paths"),
    [
        (["cms:a", "astro:b"], ["a", "b"]),
        (["cms:a", "astro:a"], ["cms/a", "astro/a"]),
        (["cms:A.txt", "cms:a.txt"], ["cms/A.txt", "cms/a_2.txt"]),
        (["cms:a", "cms:a/b"], ["a_2", "a/b"]),
        (["cms:MANIFEST.txt"], ["MANIFEST_2.txt"]),
        (["cms:../../etc/passwd"], ["_/_/etc/passwd"]),
        (["cms:/abs//x"], ["abs/x"]),
        (["cms:C:\\evil"], ["C:_evil"]),
        (["cms:x\u202egnp.exe"], ["x_gnp.exe"]),
    ],
)
def test_paths_are_unlike_and_lead_nowhere_else(names: list[str], paths: list[str]) -> None:
    dids = [Did(*name.split(":", 1)) for name in names]

    assert paths_of(dids, taken=["MANIFEST.txt"]) == paths


def written(files: list[tuple[str, int]], piece: bytes = bytes(MIB)) -> tuple[int, bytes]:
    """Write a ZIP without keeping it; return its length and its end."""
    out, length = ZipOut(), 0
    for path, size in files:
        parts = [out.begin(path)]
        for at in range(0, size, len(piece)):
            length += len(out.add(piece[: size - at]))
        parts.append(out.end())
        length += sum(map(len, parts))
    end = out.close()
    return length + len(end), end


@pytest.mark.parametrize(
    "files",
    [
        [],
        [("a", 0), ("ü" * 200, 1), ("b/c.txt", MIB + 1)],
        [(f"{n}", 0) for n in range(65_536)],
    ],
)
def test_the_length_is_known_before(files: list[tuple[str, int]]) -> None:
    length, _end = written(files)

    assert length == length_of(files)


def test_the_length_is_known_before_beyond_two_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    # The bounds of zip64, made small: both the library's and ours.
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 2 * MIB)
    monkeypatch.setattr("vre_portal.zip_out.SMALL", 2 * MIB)
    files = [("small", 5), ("large", 3 * MIB), ("behind", 7)]

    length, end = written(files)

    assert length == length_of(files)
    assert b"PK\x06\x06" in end


def test_the_length_is_known_before_of_very_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    monkeypatch.setattr("vre_portal.zip_out.FEW", 3)

    for count in (3, 4):
        files = [(f"{n}", 0) for n in range(count)]
        length, end = written(files)

        assert length == length_of(files)
        assert (b"PK\x06\x06" in end) is (count > 3)
