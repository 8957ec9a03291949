"""What is wrong in a reana.yaml is told by line, in words that say what to do."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.capture.values import Fault
from reproducibility.specs.checking import check
from tests.unit.reproducibility.capture.making import unhurried

GOOD = """\
version: 0.9.4
inputs:
  files: [fit.py]
  directories: [data]
  parameters:
    bins: 60
workflow:
  type: serial
  specification:
    steps:
      - name: fit
        environment: quay.io/site/physics:1
        commands:
          - python fit.py ${bins}
outputs:
  files: [fit.json]
"""
BAD = b"Feature: x\n  Scenario: y\n    When z\n    Oh no\n"
FILES = {"fit.py": b"", "data/a.csv": b"", "tests/good.feature": b"", "Snakefile": b""}


def _only(text: str) -> Fault:
    (fault,) = check(text, files=FILES)
    return fault


def test_a_good_one_has_no_faults() -> None:
    assert check(GOOD, files=FILES) == []


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("version: a\ninputs:\n\tfiles: []", 3, "indent with spaces"),
        ("version: a: b", 1, "A colon followed by a space"),
        ("a: 'x", 1, "A quote is not closed"),
        ("a: *gone", 1, "no &name before it"),
        ("a: [1, 2", 1, "bracket or brace"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("a: 1\nb: !include x.yaml", 2, "tag (!)"),
        ("a: 1\nb: 2026-99-99", 2, "put it into quotes"),
        ("a: &x [*x]", 1, "leads back into itself"),
    ],
)
def test_what_is_no_yaml_is_told_by_its_line(text: str, line: int, reason: str) -> None:
    fault = _only(text)

    assert fault.line == line
    assert reason in fault.reason


def test_a_text_without_keys_is_said_to_be_none() -> None:
    assert "has keys" in _only("just words").reason
    assert "has keys" in _only("").reason


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        ("0.9.4", "0.9", "version", "Put “0.9” into quotes"),
        ("serial", "nextflow", "workflow.type", "cwl, serial, yadage and snakemake"),
        ("[fit.py]", "fit.py", "inputs.files", "a list (lines that begin with a dash)"),
        ("[fit.json]", "[1]", "outputs.files[0]", "Put “1” into quotes"),
        ("\n          - python fit.py ${bins}", "", "workflow.specification.steps[0].commands",
         "Nothing stands here"),
    ],
)  # fmt: skip
def test_what_the_schema_refuses_is_told_in_plain_words(
    old: str, new: str, where: str, reason: str
) -> None:
    faults = check(GOOD.replace(old, new), files=FILES)

    (fault,) = (each for each in faults if each.where == where)
    assert reason in fault.reason
    key = where.rpartition(".")[2].partition("[")[0]
    assert fault.line is not None
    assert key in GOOD.replace(old, new).splitlines()[fault.line - 1]


def test_a_value_of_any_kind_is_named_where_another_one_was_to_be() -> None:
    faults = check(GOOD.replace("serial", "{2026-01-01: x}"), files=FILES)

    assert any("is none of cwl" in each.reason for each in faults)


def test_a_missing_key_is_named() -> None:
    text = GOOD.replace("        environment: quay.io/site/physics:1\n", "")

    fault = _only(text)

    assert fault == Fault(11, "workflow.specification.steps[0]", "environment is missing.")


def test_an_unknown_key_is_a_hint_with_the_one_that_was_meant() -> None:
    fault = _only(GOOD.replace("outputs:", "outputs:\n  directries: []\n  # :"))

    assert (fault.line, fault.hint) == (16, True)
    assert "directories meant?" in fault.reason


def test_a_key_that_stands_twice_is_told() -> None:
    fault = _only(f"{GOOD}version: 0.9.4\n")

    assert (fault.line, fault.where) == (17, "version")
    assert "twice" in fault.reason


def test_steps_of_one_name_are_told() -> None:
    step = "      - {name: fit, environment: x, commands: [ls]}\n"

    fault = _only(GOOD.replace("outputs:", f"{step}outputs:"))

    assert fault.line == 15
    assert "Another step is named fit in line 11" in fault.reason


def test_a_parameter_that_nobody_declared_is_told_with_both_ways_out() -> None:
    faults = check(GOOD.replace("${bins}", "${bns} $$HOME"), files=FILES)

    missing, unused = sorted(faults, key=lambda each: each.hint)
    assert (missing.line, missing.hint) == (14, False)
    assert "add bns to inputs.parameters" in missing.reason
    assert "$${bns}" in missing.reason
    assert (unused.line, unused.hint) == (6, True)
    assert "No command uses bins" in unused.reason


def test_a_dollar_sign_that_the_shell_was_to_see_is_told_to_be_doubled() -> None:
    fault = _only(GOOD.replace("${bins}", "${bins} $(pwd)"))

    assert fault.line == 14
    assert "doubled" in fault.reason


@pytest.mark.parametrize("path", ["/eos/out.json", "../out.json", "a/../../out.json"])
def test_an_output_outside_the_workspace_is_told(path: str) -> None:
    fault = _only(GOOD.replace("fit.json", path))

    assert (fault.line, fault.where) == (16, "outputs.files[0]")
    assert "leads out of the workspace" in fault.reason


def test_no_outputs_are_told() -> None:
    text = GOOD.replace("outputs:\n  files: [fit.json]\n", "")

    assert "nothing could be compared" in _only(text).reason


def test_files_that_are_not_there_are_told() -> None:
    text = GOOD.replace("[fit.py]", "[fit.py, gone.py]").replace("[data]", "[data, gone]")

    faults = check(text, files=FILES)

    assert [each.where for each in faults] == ["inputs.files[1]", "inputs.directories[1]"]
    assert "gone.py is not among the files" in faults[0].reason


def test_a_folder_from_elsewhere_is_taken_to_have_what_is_named() -> None:
    text = GOOD.replace("[fit.py]", "[fit.py, lake/x.root]").replace("[data]", "[lake/part]")

    assert check(text, files={"fit.py", "lake/"}) == []


def test_a_test_file_that_is_no_gherkin_is_told_by_both_lines() -> None:
    text = f"{GOOD}tests:\n  files: [tests/bad.feature, tests/gone.feature]\n"

    bad, gone = check(text, files={**FILES, "tests/bad.feature": BAD})

    assert bad.line == 18
    assert "tests/bad.feature, line 4:" in bad.reason
    assert "not among the files" in gone.reason


def test_a_workflow_file_that_is_not_there_is_told() -> None:
    text = "workflow: {type: snakemake, file: Snakefil}\noutputs: {files: [a]}"

    assert _only(text).where == "workflow.file"
    assert check(text.replace("Snakefil", "Snakefile"), files=FILES) == []


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    names = "abcdefghi"
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in pairwise(names)
    )

    began = time.thread_time()
    fault = _only(bomb)

    assert "aliases" in fault.reason
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize("text", ["a: b\n" * 2_000_000, "[" * 100_000, "a: [" + "b," * 100_000])
def test_what_is_far_too_large_is_refused_at_once(text: str) -> None:
    began = time.thread_time()
    (fault,) = check(text, files=[])

    assert "more" in fault.reason
    assert time.thread_time() - began < 1


def test_two_hundred_lines_are_checked_while_somebody_types() -> None:
    step = "      - {{name: s{0}, environment: x, commands: ['python fit.py ${{bins}}']}}\n"
    text = GOOD.replace("outputs:", "".join(step.format(n) for n in range(200)) + "outputs:")

    took = min(_seconds(text) for _time in range(5))

    assert check(text, files=FILES) == []
    assert took < 0.05  # some 12 ms


def _seconds(text: str) -> float:
    """How long this thread takes; the collector's and others' turns are no part of the least."""
    began = time.thread_time()
    check(text, files=FILES)
    return time.thread_time() - began


lines = st.sampled_from(GOOD.splitlines()) | st.text(max_size=30)


@unhurried
@given(st.lists(lines, max_size=20).map("\n".join))
def test_whatever_is_written_only_faults_come_out(text: str) -> None:
    faults = check(text, files=FILES)

    assert all(each.reason and (each.line is None or each.line > 0) for each in faults)


@unhurried
@given(st.integers(0, len(GOOD)), st.text(max_size=4), st.integers(0, 5))
def test_wherever_a_good_one_is_damaged_only_faults_come_out(
    place: int, put: str, taken: int
) -> None:
    faults = check(GOOD[:place] + put + GOOD[place + taken :], files=FILES)

    assert all(each.reason for each in faults)


def test_lone_dollar_signs_of_a_command_are_one_fault_that_tells_their_number() -> None:
    command = "awk '{print $1, $2, $3}' a.csv ${bins} $"

    fault = _only(GOOD.replace("python fit.py ${bins}", command))

    assert fault.line == 14
    assert "$1" in fault.reason
    assert "3 more" in fault.reason
    assert "$$" in fault.reason


def test_a_single_lone_dollar_sign_is_shown_with_what_follows_it() -> None:
    fault = _only(GOOD.replace("fit.py ${bins}", "fit.py ${bins} 5$ x"))

    assert "$ x" in fault.reason
    assert "more" not in fault.reason
