"""Tables read in the cage: Parquet and large texts, hostile ones, and a worker taken over."""

from __future__ import annotations

import json
import textwrap
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_mgmt.previews.cage import Limits
from reproducibility.points import files
from reproducibility.points.caged import Cost
from reproducibility.points.values import Faulty
from tests.unit.reproducibility.points.making import DEFAULTS, loaded, refused, told

LARGE = 2 << 20
#: A worker whose reader of CSV is what a test says: as if a file had taken it over.
TAKEN_OVER = """#!/bin/sh
exec '{python}' -I -B -c '
import sys; sys.path.insert(0, sys.argv[1])
import types
from reproducibility.points import worker
module = types.ModuleType("reproducibility.points.csv")
module.LATER = ()
exec(open("{code}").read(), module.__dict__)
sys.modules["reproducibility.points.csv"] = module
worker.main(*map(int, sys.argv[2:]))' "$5" "$6" "$7"
"""
Taken = Callable[..., Faulty]


@pytest.fixture
def taken(tmp_path: Path, python: Path) -> Taken:
    """Read a large CSV with a worker that runs some code in place of reading it."""

    def read(code: str, cost: Cost | None = None) -> Faulty:
        (tmp_path / "code.py").write_text(textwrap.dedent(code))
        script = tmp_path / "python"
        script.write_text(TAKEN_OVER.format(python=python, code=tmp_path / "code.py"))
        script.chmod(0o755)
        return refused(b"events\n" + b"1\n" * LARGE, python=script, cost=cost)

    return read


def test_parquet_is_read_with_its_types(parquet: Path, python: Path) -> None:
    points = loaded((parquet / "points.parquet").read_bytes(), python=python)

    assert points.columns == ("mass", "events", "label", "quick", "day")
    assert points.rows == (
        (1.5, 1, "a", True, "2026-01-31"), (-2.0, 2, "b", False, "2026-02-01"),
    )  # fmt: skip


def test_narrow_numbers_categories_and_decimals_are_read(parquet: Path, python: Path) -> None:
    points = loaded((parquet / "kinds.parquet").read_bytes(), python=python)

    assert points.rows == ((0.5, 1, "a", 1.5), (2.5, 2, "b", -2.25))


def test_times_are_texts_to_the_microsecond_in_utc(parquet: Path, python: Path) -> None:
    points = loaded((parquet / "times.parquet").read_bytes(), python=python)

    assert points.rows == (
        ("1970-01-01 00:00:00Z",), ("2026-09-21 14:13:20.123456Z",),
    )  # fmt: skip


def test_bytes_that_are_text_are_read(parquet: Path, python: Path) -> None:
    assert loaded((parquet / "bytes.parquet").read_bytes(), python=python).rows == (("a",), ("b",))


def test_the_largest_number_of_points_is_read(parquet: Path, python: Path) -> None:
    points = loaded((parquet / "many.parquet").read_bytes(), python=python)

    assert len(points) == 100_000
    assert points.rows[99_999] == (99_999, 99_999 / 7)


def test_faults_in_parquet_are_told_by_row_and_column(parquet: Path, python: Path) -> None:
    faulty = refused((parquet / "faults.parquet").read_bytes(), python=python)

    assert [(row, column) for row, column, _ in told(faulty)] == [
        (1, "events"), (1, "label"), (2, "mass"), (2, "events"), (2, "label"),
        (3, "mass"), (3, "events"), (3, "label"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rows", "These are 200,000 points"),
        ("wide", "201 columns"),
        ("twice", "stands there 2 times"),
        ("text", "more memory than it may"),
        ("texts", "more than 64 MiB"),
        ("nested", "the row is empty"),
        ("cut", "damaged"),
        ("claims", "damaged"),
    ],
)
def test_hostile_parquet_is_refused(parquet: Path, python: Path, name: str, says: str) -> None:
    faulty = refused((parquet / f"{name}.parquet").read_bytes(), python=python)

    assert says in faulty.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("events\n" + "".join(f"{number}\n" for number in range(200_000)), "200,000 points"),
        ("events\n" + "," * LARGE + "\n", "the row is empty"),
        ("," * LARGE + "\n1\n", "2,097,153 columns"),
        ("x" * LARGE, "far too long"),
        ("events\n" + '"\n",' * LARGE, "more cells than there are columns"),
        ("label\n" + '"' + "x" * LARGE, "can't be read"),
        ("\0" * LARGE, "far too long"),
        ("label\n" + "\0" * 1000 + "\n" * LARGE, "can't be used"),
        ("[" * LARGE, "nested too deeply"),
        ('{"a":' * LARGE, "nested too deeply"),
        ("[{" + ",".join(f'"p{at}": 1' for at in range(LARGE // 8)) + "}]", "columns; at most 200"),
        ('[{"events": ' + "9" * LARGE + "}]", "give a whole number"),
        ('[{"mass": ' + "9" * LARGE + "}]", "finite"),
        ('[{"label": "' + "\\ud800" * (LARGE // 6 + 1) + '"}]', "at most 1,000 characters"),
        ("[1" + " " * LARGE, "not JSON"),
    ],
)
def test_large_hostile_texts_are_refused(python: Path, content: str, says: str) -> None:
    assert says in refused(content, python=python).message


def test_a_text_that_needs_too_much_memory_is_refused(python: Path) -> None:
    content = f"[{'{},' * (2 * LARGE)}{{}}]"

    faulty = refused(content, python=python, cost=Cost(Limits(memory_bytes=200 << 20)))

    assert faulty.message == "Reading this table takes more memory than it may."


def test_more_bytes_than_a_table_may_have_are_not_looked_at(tmp_path: Path, python: Path) -> None:
    with (tmp_path / "large.csv").open("w+b") as file:
        file.truncate((64 << 20) + 1)

        faulty = refused_file(file, python)

    assert "more than 64 MiB" in faulty.message


def refused_file(file: Any, python: Path) -> Faulty:
    with pytest.raises(Faulty) as caught:
        files.load(file, DEFAULTS, python=python)
    return caught.value


def test_a_large_table_of_json_is_read(python: Path) -> None:
    rows = [{"events": number, "label": f"point {number}" * 3} for number in range(40_000)]

    points = loaded(json.dumps(rows), python=python)

    assert list(points)[39_999] == rows[39_999]


BEGIN = """
import json, os, time
from reproducibility.points import worker
from reproducibility.points.tables import Problem, Table, Unreadable
HEAD = '{"columns": ["events"], "header": 1}'
"""


@pytest.mark.parametrize(
    "code",
    [
        "def read(file): os._exit(0)",
        "def read(file): os.abort()",
        "def read(file): raise ValueError('/etc/secret')",
        "def read(file): raise Unreadable('no such problem')",
        "def read(file): return Table((1, 2), iter(()))",
        "def read(file): return Table(('events',), iter(()), 'one')",
        "def read(file): return Table(('events',), iter([('1', [1])]))",
        "worker.pieces = lambda *_: iter(['[]'])",
        "worker.pieces = lambda *_: iter(['{'])",
        "worker.pieces = lambda *_: iter(['[' * 100_000])",
        "worker.pieces = lambda *_: iter(['x' * (5 << 20)])",
        "worker.pieces = lambda *_: iter([HEAD, '[[1, [{}]]]'])",
        "worker.pieces = lambda *_: iter([HEAD, '{\"end\": 7}'])",
        "worker.pieces = lambda *_: iter([HEAD])",
    ],
)
def test_a_worker_that_was_taken_over_is_not_believed(taken: Taken, code: str) -> None:
    faulty = taken(f"{BEGIN}\ndef read(file): pass\n{code}\n")

    assert faulty.message == "This file is damaged, or no table that can be read."


def test_a_worker_that_never_ends_its_table_is_cut_off(taken: Taken) -> None:
    code = """
    import itertools
    from reproducibility.points import worker
    head, row = '{"columns": ["label"], "header": 1}', '[[1, ["%s"]]]' % ("x" * 990)
    worker.pieces = lambda *_: itertools.chain([head], itertools.repeat(row))
    def read(file): pass
    """

    faulty = taken(code, Cost(Limits(cpu_seconds=20)))

    assert "more than 64 MiB" in faulty.message


def test_a_worker_that_was_taken_over_can_not_fill_the_portals_memory(taken: Taken) -> None:
    code = "worker.pieces = lambda *_: iter([HEAD, '[[1, [' + '{},' * 1_390_000 + '0]]]'])"
    tracemalloc.start()

    faulty = taken(f"{BEGIN}\ndef read(file): pass\n{code}\n")

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "damaged" in faulty.message
    assert most < 180 << 20


@pytest.mark.parametrize("code", ["while True: pass", "import time; time.sleep(60)"])
def test_a_worker_that_takes_too_long_is_ended(taken: Taken, code: str) -> None:
    faulty = taken(f"def read(file):\n    {code}\n", Cost(Limits(cpu_seconds=1)))

    assert faulty.message == "Reading this table took too long. Make it smaller."


def test_it_opens_nothing(taken: Taken) -> None:
    faulty = taken(
        """
        import os, socket
        from reproducibility.points.tables import Table
        def tried(what):
            try:
                return "did it: " + repr(what())
            except BaseException as exc:
                return type(exc).__name__
        def read(file):
            attempts = [
                lambda: open("/etc/passwd").read(), lambda: socket.socket(), lambda: os.fork(),
                lambda: os.kill(os.getppid(), 0),
            ]
            return Table(tuple(map(tried, attempts)), iter(()))
        """
    )

    assert [fault.column for fault in faulty.faults] == ["PermissionError"] * 2
