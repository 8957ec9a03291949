"""Files that were made to cost time or memory cost little."""

from __future__ import annotations

import ast
import time
import tracemalloc

import pytest

from reproducibility.capture import notebooks
from reproducibility.capture.notebooks import Cell
from reproducibility.capture.trees import Tree
from reproducibility.capture.usage import usage
from reproducibility.specs.checking import MAX_FAULTS, check
from reproducibility.specs.steps import graph
from tests.unit.reproducibility.capture.making import notebook

STEP = "workflow:\n  type: serial\n  specification:\n    steps:\n      - environment: x\n"


@pytest.mark.parametrize(
    "text",
    [
        f"x: &a '${'a' * 50_000}'\n{STEP}        commands: [{', '.join(['*a'] * 200)}]\n",
        f"x: &a {'a' * 900}\ny:\n" + "  - {*a : 1}\n" * 5_000,
    ],
    ids=["values", "keys"],
)
def test_a_long_text_that_aliases_multiply_is_refused(text: str) -> None:
    (fault,) = check(text, files={})

    assert "aliases" in fault.reason


def test_a_long_name_is_cut_where_a_fault_tells_it() -> None:
    name = "a" * 900
    text = f"inputs:\n  files: [{name}, /{name}]\n  parameters:\n    p{name}: 1\n"
    text += f"{STEP}        commands: ['${name}']\noutputs:\n  files: [../{name}]\n"

    faults = check(text, files={})

    assert sum(name[:50] in fault.reason for fault in faults) == 5
    assert max(len(fault.reason) for fault in faults) < 400


def test_hints_leave_room_for_what_is_wrong() -> None:
    parameters = "".join(f"    p{number}: 1\n" for number in range(MAX_FAULTS))
    text = f"inputs:\n  parameters:\n{parameters}{STEP}        commands: [ls]\n"

    faults = check(f"{text}outputs:\n  files: [../x]\n", files={})

    assert any("leads out" in fault.reason for fault in faults)
    assert len(faults) == MAX_FAULTS


def test_a_pattern_of_many_stars_is_matched_at_once() -> None:
    tree = Tree([f"{'a' * 400}{number}.csv" for number in range(20)])
    begun = time.monotonic()

    found = tree.find("*a" * 5 + "*b")

    assert found == []
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a*c*e.csv", ["abcde.csv"]),
        ("abcde*abcde.csv", []),
        ("*/abcde.*", ["abcde.csv", "x/y/abcde.csv", "x/y/abcde.json/z"]),
        ("x/*.csv", ["x/y/abcde.csv"]),
        ("x/**/abcde.csv", ["x/y/abcde.csv"]),
    ],
)
def test_stars_stand_for_any_text(pattern: str, found: list[str]) -> None:
    tree = Tree(["abcde.csv", "x/y/abcde.csv", "x/y/abcde.json/z"])

    assert tree.find(pattern) == found


@pytest.mark.parametrize("text", ["\n" * 30_000, "x: " + " #" * 30_000 + "'"])
def test_comments_of_a_snakefile_are_found_at_once(text: str) -> None:
    told = {"workflow": {"type": "snakemake", "file": "w"}}
    begun = time.monotonic()

    graph(told, {"w": text.encode()})

    assert time.monotonic() - begun < 1


def test_a_heading_with_many_spaces_is_read_at_once() -> None:
    told = notebooks.read(notebook("n.ipynb", f"# a{' ' * 30_000}b").content or b"")
    begun = time.monotonic()

    assert told is not None
    assert told.heading == "a"
    assert time.monotonic() - begun < 1


def test_a_heading_is_without_the_hashes_around_it() -> None:
    told = notebooks.read(
        notebook("n.ipynb", "# \n## Second\n  # The mass of Z ##\n").content or b""
    )

    assert told is not None
    assert told.heading == "The mass of Z"


def test_a_line_of_code_with_many_spaces_is_read_at_once() -> None:
    begun = time.monotonic()

    Cell("code", " " * 30_000 + "b").python  # noqa: B018

    assert time.monotonic() - begun < 1


def test_texts_that_multiply_are_not_folded() -> None:
    multiplied = "{a}" * 100
    lines = [f"b{number} = f'{multiplied}'" for number in range(20)]
    module = ast.parse("\n".join([f"a = '{'x' * 10_000}'", *lines, "open('fit.json', 'w')"]))
    tracemalloc.start()

    found = usage("run.py", module, given={}, options={})
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.writes == ("fit.json",)
    assert peak < 2_000_000
