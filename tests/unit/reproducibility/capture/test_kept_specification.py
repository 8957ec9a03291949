"""A reana.yaml that was found stays as it is, and says what each file is."""

from __future__ import annotations

from reproducibility.capture.proposing import propose
from reproducibility.capture.values import Data, Parameter, Role
from tests.unit.reproducibility.capture.making import file, found, large, note, paths

SPECIFICATION = """\
# written by hand,   with its own blanks
inputs:
  files: [code/fit.py, data/events.csv]
  directories: [lake]
  parameters: {bins: 60}
workflow:
  type: serial
  specification:
    steps:
      - name: fit
        environment: quay.io/site/physics:1
        commands: ["python code/fit.py --bins ${bins}"]
outputs:
  files: [results/fit.json]
tests:
  files: [tests/all.feature]
"""
FEATURE = "Feature: All\n  Scenario: Ends\n    When the workflow is finished\n"
FILES = (
    file("reana.yaml", SPECIFICATION),
    file("code/fit.py", "print(1)"),
    file("code/other.py", "print(2)"),
    file("data/events.csv", "1"),
    file("results/fit.json", "{}"),
    file("tests/all.feature", FEATURE),
    file("README.md", "# The fit\n\nIt fits the peak of a spectrum."),
)
LAKE = (Data("cms:dimuon", "lake"),)


def test_it_is_kept_byte_for_byte_with_its_tests() -> None:
    proposal = propose(found(*FILES, data=LAKE))

    assert proposal.specification == SPECIFICATION
    assert proposal.tests == {"tests/all.feature": FEATURE}
    assert proposal.environment == "quay.io/site/physics:1"
    assert proposal.parameters == (Parameter("bins", 60),)
    assert proposal.entry == "code/fit.py"


def test_its_inputs_and_outputs_decide_what_files_are() -> None:
    proposal = propose(found(*FILES, large("lake/x.root"), data=LAKE))

    assert paths(proposal, Role.CODE) == ["README.md", "code/fit.py", "tests/all.feature"]
    assert paths(proposal, Role.INPUT) == ["data/events.csv", "lake/x.root"]
    assert paths(proposal, Role.OUTPUT) == ["results/fit.json"]
    assert paths(proposal, Role.LEFT_OUT) == ["code/other.py", "reana.yaml"]


def test_a_declared_file_that_is_too_large_is_told_to_go_into_the_data_lake() -> None:
    files = [each for each in FILES if each.path != "data/events.csv"]

    proposal = propose(found(*files, large("data/events.csv"), data=LAKE))

    assert proposal.roles["data/events.csv"] is Role.INPUT
    assert "into the data lake" in note(proposal, "data/events.csv")


def test_what_is_wrong_in_it_is_noted_by_line_and_it_is_kept_all_the_same() -> None:
    broken = SPECIFICATION.replace("${bins}", "${bns}")

    proposal = propose(found(file("reana.yaml", broken), *FILES[1:], data=LAKE))

    assert proposal.specification == broken
    assert "${bns} is not declared" in note(proposal, "line 12")


def test_one_that_is_no_yaml_is_kept_and_said_to_be_none() -> None:
    proposal = propose(found(file("reana.yaml", "inputs: ["), *FILES[1:]))

    assert proposal.specification == "inputs: ["
    assert note(proposal, "reana.yaml, line 1")


def test_one_that_is_no_text_is_passed_over() -> None:
    proposal = propose(found(file("reana.yaml", b"\xff\x00"), *FILES[1:]))

    assert proposal.specification.startswith("version:")
