"""A failed run tells which files it missed, in the words of whatever program ran."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.capture.undeclared import Missed, missed
from tests.unit.reproducibility.capture.making import unhurried

KNOWN = (
    "data/calib.json",
    "data/events.root",
    "code/helpers.py",
    "lib/shapes/__init__.py",
    "a/x.h",
)

LOGS = {
    "data/calib.json": [
        "FileNotFoundError: [Errno 2] No such file or directory: 'data/calib.json'",
        "FileNotFoundError: [Errno 2] No such file or directory: '../data/calib.json'",
        "FileNotFoundError: [Errno 2] No such file or directory: '/home/jovyan/w/data/calib.json'",
        "FileNotFoundError: [Errno 2] No such file or directory: PosixPath('calib.json')",
        "cat: data/calib.json: No such file or directory",
        "bash: line 1: ./data/calib.json: No such file or directory",
        "OSError: data/calib.json not found.",
        "Error in file(file, \"rt\") : cannot open file 'data/calib.json': No such file",
        "ls: cannot access 'data/calib.json': No such file or directory",
    ],
    "data/events.root": [
        "Error in <TFile::TFile>: file /workspace/data/events.root does not exist",
        "SysError in <TFile::TFile>: file data/events.root can not be opened for reading",
        "FileNotFoundError: file not found\n\n    'data/events.root'\n\nFiles may be specified as:",
        "OSError: Unable to synchronously open file (unable to open file: name = "
        "'data/events.root', errno = 2, error message = 'No such file or directory')",
        "FITSIO status = 104: could not open the named file\nfailed to find or open the "
        "following file: (ffopen)\ndata/events.root",
    ],
    "code/helpers.py": [
        "ModuleNotFoundError: No module named 'helpers'",
        "python: can't open file '/workspace/code/helpers.py': [Errno 2] No such file",
    ],
    "lib/shapes/__init__.py": ["ModuleNotFoundError: No module named 'shapes'"],
    "a/x.h": ["input_line_8:1:10: fatal error: 'x.h' file not found"],
}


@pytest.mark.parametrize(
    ("path", "log"), [(path, log) for path, logs in LOGS.items() for log in logs]
)
def test_a_missing_file_is_named_in_whatever_words(path: str, log: str) -> None:
    text = f'Traceback:\n  File "code/fit.py", line 3\n{log}\n'

    found = missed(text, known=KNOWN, declared=["code/fit.py"])

    assert found == [Missed(path, f"reads {path}: add as input?")]


def test_what_is_declared_is_not_missed() -> None:
    log = "\n".join(LOGS["data/calib.json"] + LOGS["code/helpers.py"])

    assert missed(log, known=KNOWN, declared=["data/", "code/helpers.py"]) == []


def test_what_was_never_seen_is_not_asked_for() -> None:
    log = "FileNotFoundError: [Errno 2] No such file or directory: '/etc/secret.json'"

    assert missed(log, known=KNOWN, declared=[]) == []


def test_a_file_that_is_only_mentioned_is_not_missed() -> None:
    assert missed("read data/calib.json: 20 entries", known=KNOWN, declared=[]) == []


def test_of_two_files_of_a_name_the_one_with_the_same_folder_is_meant() -> None:
    log = "No such file or directory: '/home/me/b/cuts.json'"

    found = missed(log, known=["a/cuts.json", "b/cuts.json"], declared=[])

    assert [each.path for each in found] == ["b/cuts.json"]


def test_they_come_in_the_order_of_the_log_and_once() -> None:
    lines = [LOGS["data/events.root"][0], *["ok"] * 9, *LOGS["data/calib.json"][:3]]

    found = missed("\n".join(lines), known=KNOWN, declared=[])

    assert [each.path for each in found] == ["data/events.root", "data/calib.json"]


@unhurried
@given(st.text(max_size=300), st.sampled_from(["No such file ", "not found", ""]))
def test_whatever_a_log_says_only_known_files_come_out(log: str, said: str) -> None:
    found = missed(f"{said}{log}", known=KNOWN, declared=[])

    assert {each.path for each in found} <= set(KNOWN)
