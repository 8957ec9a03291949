"""ZIPs of strangers: what they hold is read, what is made to do harm is refused."""

from __future__ import annotations

import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from reproducibility.services.captures import archives
from reproducibility.services.captures.gathering import Bounds, Gathering
from tests.unit.reproducibility.capturing.conftest import zipped
from vre_portal.errors import InvalidRequest

SMALL = Bounds(file_bytes=1_000, all_bytes=3_000, files=5)


def gathered(path: Path, content: bytes, bounds: Bounds = SMALL) -> Gathering:
    archive = path / "a.zip"
    archive.write_bytes(content)
    gathering = Gathering(tell=lambda _done, _total: None, bounds=bounds)
    archives.gather(archive, gathering)
    return gathering


def refusal(path: Path, content: bytes) -> str:
    with pytest.raises(InvalidRequest) as refused:
        gathered(path, content)
    assert refused.value.field == "file"
    return refused.value.message


def one_entry(entry: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, content)
    return target.getvalue()


def test_files_come_with_their_checksums_and_without_their_common_folder(tmp_path: Path) -> None:
    found = gathered(
        tmp_path, zipped({"zpeak/fit.py": b"Wikipedia", "zpeak/data/a.csv": b"1"})
    ).files

    assert [file.path for file in found] == ["fit.py", "data/a.csv"]
    assert found[0].content == b"Wikipedia"
    assert found[0].adler32 == "11e60398"
    assert len(found[0].sha256) == 64


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x", "/etc/passwd", "a/../../b", "C:/x", "..\\x"]
)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    words = refusal(tmp_path, one_entry(zipfile.ZipInfo(name)))

    assert "leads out" in words


def test_links_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("passwords")
    link.create_system, link.external_attr = 3, 0o120777 << 16

    gathering = gathered(tmp_path, one_entry(link, b"/etc/passwd"))

    assert gathering.files == []
    assert "passwords is a link" in gathering.notes[0]


def test_an_encrypted_entry_asks_for_an_archive_without_a_password(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.py": b"1"}))
    content[6] |= 1  # the flag of the local header, then that of the directory
    content[content.index(b"PK\1\2") + 8] |= 1

    assert "without a password" in refusal(tmp_path, bytes(content))


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_a_bound_is_refused(tmp_path: Path, way: int) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", way) as archive:
        archive.writestr("zeros.bin", b"\0" * 100)

    assert "packed in a way that is not read" in refusal(tmp_path, packed.getvalue())


def test_a_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    bomb = zipped({"zeros.bin": b"\0" * (8 << 20)})

    assert len(bomb) < 10_000
    assert "far more than it can hold" in refusal(tmp_path, bomb)


def test_an_entry_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.bin": b"\0" * 900}))
    directory = content.index(b"PK\1\2")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")

    assert "damaged" in refusal(tmp_path, bytes(content))


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    words = refusal(tmp_path, zipped({f"{n}.txt": b"" for n in range(6)}))

    assert "more than 5 files" in words


def test_a_list_that_lies_about_its_length_is_refused_before_it_is_unpacked(
    tmp_path: Path,
) -> None:
    content = bytearray(zipped({f"{n:06}.txt": b"" for n in range(20_000)}))
    content[-14:-10] = (1).to_bytes(2, "little") * 2

    lying = bytes(content)
    tracemalloc.start()
    words = refusal(tmp_path, lying)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "more than 5 files" in words
    assert most < 1 << 20


@pytest.mark.parametrize(
    "content", [b"", b"no zip at all", zipped({"a": b"1"})[:40]], ids=["empty", "a text", "cut"]
)
def test_what_is_no_archive_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    assert "no ZIP archive" in refusal(tmp_path, content)


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.py", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.py", b"2")

    assert "twice" in refusal(tmp_path, target.getvalue())


def test_names_without_a_declared_encoding_are_utf8_where_they_can_be(tmp_path: Path) -> None:
    content = zipped({"grosse-XX.csv": b"1"}).replace(b"grosse-XX.csv", "größe.csv..".encode()[:13])

    found = gathered(tmp_path, content).files

    assert found[0].path.startswith("größe")


def test_a_name_that_is_not_what_it_claims_to_be_is_refused(tmp_path: Path) -> None:
    content = zipped({"größe.csv": b"1"}).replace("größe".encode(), b"gr\xff\xff\xff\xffe")

    assert "damaged" in refusal(tmp_path, content)


def test_a_large_file_is_listed_with_its_checksum_and_not_kept(tmp_path: Path) -> None:
    gathering = gathered(tmp_path, zipped({"big.csv": b"0123456789" * 200, "fit.py": b"1"}))

    big = next(file for file in gathering.files if file.path == "big.csv")
    assert big.content is None
    assert big.size == 2_000
    assert big.sha256
    assert "put it into the data lake" in gathering.notes[0]


def test_all_files_together_are_kept_up_to_the_limit(tmp_path: Path) -> None:
    gathering = gathered(tmp_path, zipped({f"{n}.bin": bytes([n]) * 900 for n in range(5)}))

    assert [file.content is not None for file in gathering.files] == [True] * 3 + [False] * 2


def test_what_tools_leave_behind_is_not_looked_at(tmp_path: Path) -> None:
    found = gathered(tmp_path, zipped({".git/config": b"", "__pycache__/a.pyc": b"", "a.py": b""}))

    assert [file.path for file in found.files] == ["a.py"]
