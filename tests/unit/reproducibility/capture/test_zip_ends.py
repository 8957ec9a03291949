"""The end of a ZIP tells how long its list is before a reader unpacks the list."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.capture.zip_ends import has_more_entries
from tests.unit.reproducibility.capture.making import unhurried

MOST = 5
ENTRY = struct.Struct("<4s6H3L5H2L")


def listed(count: int, *, extra: int = 0) -> bytes:
    """Return a list of entries, without the files that it speaks of."""
    entry = ENTRY.pack(b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, extra, 0, 0, 0, 0, 0)
    return (entry + b"a" + bytes(extra)) * count


def ended(
    directory: bytes, *, entries: int, length: int | None = None, comment: bytes = b""
) -> bytes:
    """Return a list with an end that claims what is given."""
    claimed = len(directory) if length is None else length
    numbers = (0, 0, entries, entries, claimed, 0, len(comment))
    return directory + struct.pack("<4s4H2LH", b"PK\5\6", *numbers) + comment


def ended_64(directory: bytes, *, entries: int, length: int, gap: bytes = b"") -> bytes:
    """Return a list with the ends of ZIP64, the older of which claims nothing."""
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, length, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(directory), 1)
    old = ended(b"", entries=0xFFFF, length=0xFFFFFFFF)
    return directory + wide + gap + locator + old


def zipped(count: int, *, comment: bytes = b"", content: bytes = b"PK\5\6") -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.comment = comment
        for number in range(count):
            archive.writestr(f"{number}.txt", content)
    return target.getvalue()


def is_long(content: bytes) -> bool:
    return has_more_entries(BytesIO(content), MOST)


@pytest.mark.parametrize("comment", [b"", b"made at home", b"x" * 65_535])
def test_an_archive_within_the_limit_passes_with_any_comment(comment: bytes) -> None:
    assert not is_long(zipped(MOST, comment=comment))
    assert is_long(zipped(MOST + 1, comment=comment))


def test_bytes_before_an_archive_move_its_list() -> None:
    assert not is_long(b"#!/bin/sh\n" * 100 + zipped(MOST))
    assert is_long(b"#!/bin/sh\n" * 100 + zipped(MOST + 1))


def test_an_end_that_claims_one_entry_does_not_hide_the_others() -> None:
    assert is_long(ended(listed(MOST + 1), entries=1))
    assert not is_long(ended(listed(MOST), entries=1))


def test_a_claim_of_too_many_entries_is_believed() -> None:
    assert is_long(ended(listed(1), entries=MOST + 1))


def test_few_entries_with_a_very_long_list_are_too_much() -> None:
    assert is_long(ended(listed(1, extra=60_000), entries=1))


def test_the_ends_of_zip64_count_instead_of_the_older_one() -> None:
    few, many = listed(MOST), listed(MOST + 1)

    assert not is_long(ended_64(few, entries=MOST, length=len(few)))
    assert is_long(ended_64(many, entries=1, length=len(many)))
    assert is_long(ended_64(few, entries=1 << 40, length=len(few)))


def test_an_end_of_zip64_that_stands_further_off_is_found_where_it_is_said_to_be() -> None:
    many = listed(MOST + 1)

    assert is_long(ended_64(many, entries=1, length=len(many), gap=b"told beside it"))


@pytest.mark.parametrize("length", [1 << 31, 0xFFFFFFFF])
def test_a_list_that_would_begin_before_the_file_is_left_to_the_reader(length: int) -> None:
    assert not is_long(ended(listed(1), entries=1, length=length))
    assert not is_long(ended_64(listed(1), entries=1, length=length << 20))


@pytest.mark.parametrize("cut", [1, 10, 21, 22, 30])
def test_what_is_cut_off_is_left_to_the_reader(cut: int) -> None:
    assert not is_long(zipped(MOST + 1, content=b"1")[:-cut])


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\5\6", b"no zip at all" * 10_000])
def test_what_is_no_archive_is_left_to_the_reader(content: bytes) -> None:
    assert not is_long(content)


def test_bytes_after_an_archive_do_not_hide_its_list() -> None:
    assert is_long(zipped(MOST + 1) + b"and more" * 100)


def test_a_list_that_breaks_is_counted_up_to_there() -> None:
    broken = listed(MOST) + b"no entry at all" * 100

    assert not is_long(ended(broken, entries=1))
    assert is_long(ended(listed(MOST + 1) + broken, entries=1))


@unhurried
@given(data=st.data())
def test_whatever_is_changed_no_reader_finds_more_entries_than_are_let_through(
    data: st.DataObject,
) -> None:
    many = listed(MOST + 1)
    content = bytearray(
        data.draw(
            st.sampled_from(
                [ended(many, entries=1), ended_64(many, entries=1, length=len(many)), zipped(7)]
            )
        )
    )
    for at in data.draw(st.lists(st.integers(1, min(len(content), 120)), max_size=4)):
        content[-at] = data.draw(st.integers(0, 255))

    try:
        found = len(zipfile.ZipFile(BytesIO(content)).infolist())
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        return

    assert found <= MOST or is_long(bytes(content))
