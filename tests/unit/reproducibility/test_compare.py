"""Comparing: equal bytes are identical, all others are told with where and how much."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.compare import (
    Inputs,
    Level,
    OutputVerdict,
    Surroundings,
    Verdict,
    contents,
    judge,
)
from reproducibility.services.verdicts import in_words


def found(content: bytes, keep: int = 1000) -> contents.Found:
    return contents.Found.read([content[:2], content[2:]], keep=keep)


@given(st.binary(max_size=300))
def test_equal_bytes_are_always_bit_identical(content: bytes) -> None:
    verdict = contents.compare("x", content, found(content))

    assert verdict.level is Level.BIT_IDENTICAL
    assert verdict.sha256 == verdict.expected_sha256 == sha256(content).hexdigest()


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_other_bytes_are_never_bit_identical_and_told_in_storable_words(
    recorded: bytes, got: bytes
) -> None:
    verdict = contents.compare("x", recorded, found(got))

    assert (verdict.level is Level.BIT_IDENTICAL) == (recorded == got)
    assert verdict.detail.endswith(".")
    assert "\0" not in verdict.detail
    assert "0 of" not in verdict.detail.split("differ")[0][:4]


@given(st.text(max_size=200), st.text(max_size=200))
def test_texts_are_told_briefly(recorded: str, got: str) -> None:
    verdict = contents.compare("x", recorded.encode(), found(got.encode()))

    assert len(verdict.detail) < 300


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(0, 60))
def test_reading_keeps_the_beginning_and_the_checksum_of_all(
    pieces: list[bytes], keep: int
) -> None:
    whole = b"".join(pieces)

    read = contents.Found.read(pieces, keep=keep)

    assert read.head == whole[:keep]
    assert (read.size, read.sha256) == (len(whole), sha256(whole).hexdigest())


@pytest.mark.parametrize(
    ("recorded", "got", "says"),
    [
        (b"a\nb\nc\n", b"a\nB\nc\n", '1 of 3 lines differ; line 2 was "b", is "B".'),
        (b"a\nb\n", b"a\nb\nc\n", "3 lines instead of 2; the shared ones are equal."),
        (b"a\n", b"a", "Only the ends of lines differ."),
        (b"\xff\0\1", b"\xff\0\2", "1 of 3 bytes differ."),
        (b"\xff\0", b"\xff\0\2", "1 of 3 bytes differ; 3 bytes instead of 2."),
        (b"a\0b", b"a\0c", "1 of 3 bytes differ."),
    ],
)
def test_a_difference_is_told_with_its_numbers(recorded: bytes, got: bytes, says: str) -> None:
    assert contents.difference(recorded, got) == says


def test_in_a_long_line_the_part_that_differs_is_quoted() -> None:
    line = "x" * 200

    words = contents.difference(f"{line}1".encode(), f"{line}2".encode())

    assert words == (f'1 of 1 lines differ; line 1 was "…{"x" * 20}1", is "…{"x" * 20}2".')


def test_an_output_too_large_to_be_held_is_told_by_its_size() -> None:
    verdict = contents.compare("x", b"small", found(b"large" * 1000, keep=100))

    assert verdict.level is Level.DIFFERENT
    assert verdict.detail == "5,000 bytes instead of 5."


def test_an_absent_output_is_missing() -> None:
    verdict = contents.compare("x", b"recorded", None)

    assert verdict.level is Level.MISSING
    assert verdict.sha256 == ""


def output(level: Level) -> OutputVerdict:
    return OutputVerdict("x", level, "0" * 64)


def judged(*levels: Level) -> Verdict:
    return judge(
        [output(level) for level in levels],
        environment=Surroundings.SUBSTITUTED,
        inputs=Inputs.VERIFIED,
    )


@given(st.lists(st.sampled_from(Level), min_size=1))
def test_a_run_is_as_good_as_its_worst_output(levels: list[Level]) -> None:
    assert judged(*levels).level is max(levels, key=list(Level).index)


def test_without_outputs_nothing_is_reproduced() -> None:
    assert judged().level is Level.MISSING


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        ([Level.BIT_IDENTICAL] * 3, "3 of 3 outputs bit-identical."),
        ([Level.BIT_IDENTICAL, Level.DIFFERENT], "1 of 2 outputs bit-identical, 1 different."),
        (
            [Level.MISSING, Level.DIFFERENT, Level.DIFFERENT],
            "0 of 3 outputs bit-identical, 2 different, 1 missing.",
        ),
    ],
)
def test_a_verdict_is_a_sentence(levels: list[Level], says: str) -> None:
    assert in_words(judged(*levels)) == says
