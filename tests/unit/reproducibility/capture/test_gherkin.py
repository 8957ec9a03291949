"""Acceptance tests are judged by the facts of a run, in REANA's own sentences."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility import gherkin
from reproducibility.gherkin import FileFacts, RunFacts, ScenarioResult
from reproducibility.gherkin.reading import syntax_faults
from tests.unit.reproducibility.capture.making import unhurried

CONTENT = b"chi2 = 1.02\n"


def _checksum(algorithm: str) -> str:
    if algorithm == "adler32":
        return f"{zlib.adler32(CONTENT):08x}"
    return hashlib.new(algorithm, CONTENT).hexdigest()


def _facts(**changed: Any) -> RunFacts:
    files = {"results/fit.txt": FileFacts(len(CONTENT), _checksum, CONTENT.decode)}
    told: dict[str, Any] = {
        "state": "finished", "seconds": 90.0, "step_seconds": {"fit": 60.0},
        "logs": {"fit": "MIGRAD HAS CONVERGED.\nchi2 fine"}, "engine_log": "published step 0",
        "files": {**files, "big.root": FileFacts(3 * 1024**2)}, "outputs": ("results/fit.txt",),
    }  # fmt: skip
    return RunFacts(**{**told, **changed})


def _scenario(*steps: str) -> str:
    return "Feature: F\n  Scenario: S\n" + "".join(f"    {step}\n" for step in steps)


def _judged(*steps: str, **changed: Any) -> ScenarioResult:
    (result,) = gherkin.check({"a.feature": _scenario(*steps)}, _facts(**changed))
    return result


TRUE = [
    "the workflow should be finished",
    'the workflow status should be "finished"',
    "the outputs should be included in the workspace",
    "all the outputs should be included in the workspace",
    'the workspace should include "results/fit.txt"',
    'the workspace should contain "/results"',
    "results/fit.txt should be in the workspace",
    'the workspace should not include "core.1"',
    "the workspace should not contain core.1",
    "core.1 should not be in the workspace",
    'the logs should contain "published"',
    'the engine logs should contain "published step 0"',
    'the job logs should contain "CONVERGED"',
    'the job logs for the step "fit" should contain "chi2"',
    'the job logs for the fit step should contain "chi2"',
    'the file "results/fit.txt" should include "1.02"',
    'the file results/fit.txt should contain "chi2"',
    f'the sha256 checksum of the file "results/fit.txt" should be "{_checksum("sha256")}"',
    f'the SHA512 checksum of the file "results/fit.txt" should be {_checksum("sha512").upper()}',
    f"the md5 checksum of the file ./results/fit.txt should be {_checksum('md5')}",
    f"the adler32 checksum of the file results/fit.txt should be 0x{_checksum('adler32')}",
    "the workflow run duration should be less than 2 minutes",
    'the duration of the step "fit" should be less than "1.5" minutes',
    "the size of the file big.root should be exactly 3 MiB",
    'the size of the file "big.root" should be between "4 MiB" and 1024 bytes',
    "the workspace size should be less than 4MiB",
    "the workspace size should be more than 3 MiB",
]


@pytest.mark.parametrize("claim", TRUE)
def test_a_claim_that_is_so_passes(claim: str) -> None:
    result = _judged("When the workflow is finished", f"Then {claim}")

    assert result == ScenarioResult("F", "S", True)


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("the workflow should be failed", "The run is finished, not failed."),
        ('the workspace should include "x.root"', "x.root is not in the workspace."),
        ('the workspace should not contain "big.root"', "big.root is in the workspace."),
        ('the logs should contain "gone"', "No log has “gone”."),
        ('the engine logs should contain "MIGRAD"', "The engine's log does not have"),
        ('the job logs for the step "fit" should contain "x9"', "The log of fit does not have"),
        ('the job logs for the step "fot" should contain "x"', "There is no step fot."),
        ('the file results/fit.txt should contain "x9"', "does not have “x9”"),
        ("the md5 checksum of the file results/fit.txt should be 00", _checksum("md5")),
        ("the md5 checksum of the file gone should be 00", "gone is not in the workspace."),
        ("the workflow run duration should be less than 1 minutes", "took 1.5 minutes"),
        ("the duration of the step fit should be less than 1 minutes", "fit took 1.0 minutes"),
        ("the size of the file big.root should be exactly 3", "3,145,728 bytes"),
        ("the workspace size should be less than 1 KiB", "bytes"),
    ],
)
def test_a_claim_that_is_not_so_fails_and_says_what_is(claim: str, reason: str) -> None:
    result = _judged("When the workflow is finished", f"Then {claim}")

    assert result.passed is False
    assert reason in result.reason


@pytest.mark.parametrize(
    ("step", "changed", "reason"),
    [
        ("When the workflow is failed", {}, "this is for one that is failed"),
        ("When the workflow execution completes", {"state": "running"}, "one that has ended"),
        ("Then the fit should be good", {}, "REANA has no step “the fit should be good”"),
        ("Given a spectrum", {}, "REANA has no step"),
        ("* the workflow is finished", {}, "REANA has no step"),
        ("Then the workflow run duration should be less than 1 minutes", {"seconds": None},
         "not known"),
        ("Then the workflow run duration should be less than nan minutes", {}, "is no number"),
        ("Then the workspace size should be less than 3 parsec", {}, "is no size"),
        ("Then the md5 checksum of the file big.root should be 1", {}, "can't be read"),
        ("Then the crc checksum of the file big.root should be 1", {}, "is none of sha256"),
        ('Then the file big.root should contain "x"', {}, "can't be read as text"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_no_failure(step: str, changed: Any, reason: str) -> None:
    result = _judged(step, **changed)

    assert result.passed is None
    assert reason in result.reason


def test_a_scenario_without_steps_says_nothing() -> None:
    assert _judged().passed is None


def test_a_sentence_that_is_not_known_leaves_the_whole_scenario_open() -> None:
    result = _judged("Then the workflow should be failed", "And the fit should be good")

    assert result.passed is None


def test_a_text_block_is_the_quoted_argument() -> None:
    result = _judged(
        "When the workflow is finished", 'Then the job logs for the "fit" step should contain',
        '"""', "MIGRAD HAS CONVERGED.", "chi2 fine", '"""',
    )  # fmt: skip

    assert result.passed is True


def test_outlines_and_backgrounds_are_scenarios_too() -> None:
    text = """
Feature: F
  Background:
    When the workflow is finished
  Scenario Outline: has <path>
    Then the workspace should contain "<path>"
    Examples:
      | path     |
      | big.root |
      | gone     |
"""

    results = gherkin.check({"a.feature": text}, _facts())

    assert [each.passed for each in results] == [True, False]


def test_a_file_that_is_no_gherkin_is_one_result_that_is_not_judged() -> None:
    (result,) = gherkin.check(
        {"a.feature": "Feature: F\n  Scenario: S\n    When x\n    Oh no"}, _facts()
    )

    assert result.passed is None
    assert "a.feature, line" in result.reason


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("Feature: F", 1),
        ("Feature: F\n  Scenario: S\n", 2),
        (f"{_scenario('When x')}    Oh no\n", 4),
        (_scenario("Then x", '"""', "open"), 6),
    ],
)
def test_faults_of_a_feature_file_are_told_by_line(text: str, line: int) -> None:
    faults = syntax_faults(text)

    assert [each for each, _reason in faults] == [line]


words = st.sampled_from(
    [*(f"Then {claim}" for claim in TRUE), "Feature: F", "Scenario: S", "When the workflow is x",
     "|a|", '"""', "Examples:", "@tag", "# language: no", "Background:", "Rule: r"]
) | st.text(max_size=20)  # fmt: skip


@unhurried
@given(st.lists(words, max_size=12).map("\n".join))
def test_whatever_a_feature_file_says_only_results_come_out(text: str) -> None:
    results = gherkin.check({"a.feature": text}, _facts())

    assert all(each.passed is not False or each.reason for each in results)
    assert all(line > 0 and reason for line, reason in syntax_faults(text))
