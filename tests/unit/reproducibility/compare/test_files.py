"""Files on disk: bytes first, then by their format, and whatever can't be compared is different."""

from __future__ import annotations

import io
import json
import os
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reproducibility.compare import Level, Tolerance, files
from tests.unit.reproducibility.compare.conftest import Compared

TABLE = b"mass,charge\n1.0,1\n2.0,-1\n"


def test_equal_bytes_need_no_cage(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).write_bytes(b"\x89HDF\r\n\x1a\n and no more")

    verdict = files.compare("a.h5", tmp_path / "one", tmp_path / "other", python=Path("/nothing"))

    assert verdict.level is Level.BIT_IDENTICAL
    assert verdict.sha256 == verdict.expected_sha256
    assert verdict.comparison is None


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(min_size=1, max_size=60), st.binary(min_size=1, max_size=60))
def test_other_bytes_are_never_identical_and_told_in_words_that_a_database_keeps(
    compared: Compared, recorded: bytes, found: bytes
) -> None:
    verdict = compared("a", recorded, found)

    assert (verdict.level is Level.BIT_IDENTICAL) == (recorded == found)
    assert verdict.level in {Level.BIT_IDENTICAL, Level.DIFFERENT}
    told = json.dumps(verdict.as_json())
    assert "\\u0000" not in told
    assert "\\ud8" not in told


def test_other_bytes_are_told_by_both_checksums(compared: Compared) -> None:
    verdict = compared("a.txt", b"one\n", b"other\n")

    assert verdict.expected_sha256 == sha256(b"one\n").hexdigest()
    assert verdict.sha256 == sha256(b"other\n").hexdigest()


def test_what_the_run_did_not_give_is_missing(compared: Compared, tmp_path: Path) -> None:
    absent, never = compared("a", b"x", tmp_path / "nothing"), compared("a", b"x", None)

    assert absent.level is never.level is Level.MISSING
    assert absent.detail == "The run did not give this file."


def test_a_link_a_pipe_and_a_folder_are_no_files(compared: Compared, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe")

    verdicts = [compared("a", b"x", tmp_path / name) for name in ("link", "pipe", ".")]

    assert {verdict.level for verdict in verdicts} == {Level.MISSING}


def test_a_recorded_file_that_is_gone_is_no_verdict_on_the_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.compare("a", tmp_path / "nothing", tmp_path / "nothing", python=None)


def test_without_the_format_libraries_only_bytes_are_compared(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(TABLE)
    (tmp_path / "other").write_bytes(TABLE.replace(b"1.0", b"1.00"))

    verdict = files.compare("a.csv", tmp_path / "one", tmp_path / "other", python=None)

    assert verdict.level is Level.DIFFERENT
    assert verdict.detail == "The bytes differ; this portal compares no contents."


@pytest.mark.parametrize(
    ("recorded", "found", "says"),
    [
        (b"text\n", b"", "The found file is empty."),
        (b"", b"text\n", "The recorded file is empty."),
        (b"PAR1\0\0", b"text\n", "The file was Parquet and is Text."),
        (b"\x93NUMPY\1\0", b"\x89HDF\r\n\x1a\n", "The file was npy and is HDF5."),
        (b"PAR1\0\0", b"PAR1\0\1", "The recorded file can't be read as Parquet: it is damaged."),
        (
            b"\0\1\2",
            b"\0\1\3\4",
            "1 of 3 values differs; the size of the file is 4 bytes instead of 3 bytes.",
        ),
    ],
)
def test_each_reason_has_its_words(
    compared: Compared, recorded: bytes, found: bytes, says: str
) -> None:
    verdict = compared("a", recorded, found)

    assert verdict.level is Level.DIFFERENT
    assert verdict.detail.startswith(says)


@pytest.mark.parametrize(
    ("recorded", "found", "says"),
    [
        (b'{"a": 1}', b'{"a": 1', "The found file can't be read as JSON: line 1, column 8 is no"),
        (b'{"a": 1, "a": 2}', b'{"a": 1}', "The recorded file can't be read as JSON: an object"),
        (b'{"a": [1, 2]}', b'{"a": [1]}', "the size of a is 1 instead of 2."),
        (b'{"a": 1}', b'{"b": 1}', "a is not there any more."),
        (b'{"a": 1}', b'{"a": 1, "b": 1}', "b is new."),
        (b'{"a": 1}', b'{"a": "1"}', "a is a text instead of a number."),
        (b'{"a": 1}', b'{"a": true}', "a is true or false instead of a number."),
    ],
)
def test_documents_are_told_by_their_paths(
    compared: Compared, recorded: bytes, found: bytes, says: str
) -> None:
    verdict = compared("a.json", recorded, found, Tolerance(rtol=1.0))

    assert verdict.level is Level.DIFFERENT
    assert verdict.detail.startswith(says)


@pytest.mark.parametrize(
    ("recorded", "found"),
    [
        (b'{"a": 1}', b'{"a": 1.0}'),
        (b'{"a": NaN, "b": -0.0}', b'{"b": 0.0, "a": NaN}'),
        (b"[1,2,3,4,5,6,7,8,9]", b"[1,2,3,4,5.0,6,7,8,9]"),
        (b'{"a": "\\u00e9"}', '{"a": "é"}'.encode()),
    ],
)
def test_documents_that_say_the_same_are_content_identical(
    compared: Compared, recorded: bytes, found: bytes
) -> None:
    assert compared("a.json", recorded, found).level is Level.CONTENT_IDENTICAL


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (TABLE.replace(b"charge", b"sign"), "charge is not there any more"),
        (TABLE + b"3.0,1\n", "the size of the table is 3 rows instead of 2 rows"),
        (TABLE.replace(b"-1", b"no"), 'charge[1] was "-1", is "no"'),
        (b"# run 2\n" + TABLE, "comment line 1 is new"),
        (TABLE + b"1,2,3\n", "The found file can't be read as CSV: row 3 has 3 cells instead of 2"),
        (TABLE.replace(b"mass", b"1"), "the first row is values instead of names of columns"),
    ],
)
def test_tables_are_told_by_their_columns(compared: Compared, found: bytes, says: str) -> None:
    verdict = compared("a.csv", TABLE, found)

    assert verdict.level is Level.DIFFERENT
    assert says in verdict.detail


@pytest.mark.parametrize(
    "found",
    [
        TABLE.replace(b"1.0", b"1.00"), TABLE.replace(b",", b";"), TABLE.replace(b"\n", b"\r\n"),
        b"charge,mass\n1,1\n-1,2\n", TABLE.replace(b"1.0", b'"1.0"'),
    ],
)  # fmt: skip
def test_tables_that_say_the_same_are_content_identical(compared: Compared, found: bytes) -> None:
    assert compared("a.csv", TABLE, found).level is Level.CONTENT_IDENTICAL


def test_a_row_more_is_compatible_where_values_are_of_chance(compared: Compared) -> None:
    rows = [f"{number % 17}.5" for number in range(300)]
    recorded, found = ("\n".join(["x", *each]).encode() for each in (rows[:-1], rows))

    chance, none = (compared("a.csv", recorded, found, Tolerance(statistical=each))
                    for each in (True, False))  # fmt: skip

    assert chance.level is Level.STATISTICALLY_COMPATIBLE
    assert none.level is Level.DIFFERENT


def test_numbers_in_lines_are_near_where_it_is_declared(compared: Compared) -> None:
    recorded, found = b"chi2 = 12.50 (12 bins)\n", b"chi2 = 12.5000001 (12 bins)\n"

    near = compared("fit.log", recorded, found, Tolerance(rtol=1e-6))
    far = compared("fit.log", recorded, found.replace(b"bins", b"bin"), Tolerance(rtol=1e-6))

    assert near.level is Level.NUMERICALLY_EQUAL
    assert far.level is Level.DIFFERENT


def test_the_end_of_a_line_counts_in_a_text(compared: Compared) -> None:
    verdict = compared("a.txt", b"a\nb\n", b"a\r\nb\n")

    assert verdict.level is Level.DIFFERENT
    assert "end of line" in verdict.detail


def test_bytes_that_are_no_text_are_not_taken_for_each_other(compared: Compared) -> None:
    verdict = compared("a.txt", b"caf\xe9\n", b"caf\xe8\n")

    assert verdict.level is Level.DIFFERENT


def test_a_zip_of_what_is_no_arrays_is_compared_by_its_bytes(compared: Compared) -> None:
    packed = []
    for text in ("one", "two"):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("notes.txt", text)
        packed.append(held.getvalue())

    verdict = compared("a.zip", *packed)

    assert verdict.level is Level.DIFFERENT
    assert verdict.comparison is not None
    assert verdict.comparison.format == "bytes"


def test_a_notebook_whose_counters_and_timings_differ_is_content_identical(
    compared: Compared,
) -> None:
    def notebook(count: int, value: str) -> bytes:
        output = {"output_type": "execute_result", "execution_count": count, "metadata": {},
                  "data": {"text/plain": [value]}}  # fmt: skip
        cell = {"cell_type": "code", "source": "x", "execution_count": count, "outputs": [output],
                "metadata": {"execution": {"iopub.status.busy": f"2026-11-2{count}"}}}  # fmt: skip
        return json.dumps({"cells": [cell], "nbformat": 4}).encode()

    same = compared("a.ipynb", notebook(1, "7"), notebook(2, "7"))
    other = compared("a.ipynb", notebook(1, "7"), notebook(1, "8"))

    assert same.level is Level.CONTENT_IDENTICAL
    assert other.detail.startswith("1 of 2 values differs; cells[0].outputs[0] text/plain line 1")
