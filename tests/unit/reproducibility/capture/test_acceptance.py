"""The tests that are proposed pass on the run that was recorded, and not on another one."""

from __future__ import annotations

from reproducibility import gherkin
from reproducibility.capture import acceptance
from reproducibility.capture.proposing import propose
from reproducibility.gherkin import FileFacts, RunFacts
from reproducibility.gherkin.reading import syntax_faults
from tests.unit.reproducibility.capture.making import file, found, notebook

TABLE = file("results/table.csv", "1,2\n")
HISTOGRAM = file("results/histogram.root", b"x" * 100)
OUTPUTS = ("results/table.csv", "results/histogram.root", "results/new.json")


def _results(*files: FileFacts, state: str = "finished") -> list[bool | None]:
    text = acceptance.write("A fit", OUTPUTS, {each.path: each for each in (TABLE, HISTOGRAM)})
    facts = RunFacts(state, files=dict(zip(OUTPUTS, files, strict=False)))
    return [each.passed for each in gherkin.check({acceptance.PATH: text}, facts)]


def _with(sha256: str) -> FileFacts:
    return FileFacts(4, lambda _algorithm: sha256)


def test_they_pass_on_the_recorded_run() -> None:
    assert _results(_with(TABLE.sha256), FileFacts(120), FileFacts(1)) == [True, True]


def test_another_table_fails() -> None:
    assert _results(_with("00"), FileFacts(120), FileFacts(1)) == [True, False]


def test_a_histogram_of_another_size_fails() -> None:
    assert _results(_with(TABLE.sha256), FileFacts(10), FileFacts(1)) == [True, False]


def test_a_missing_output_fails() -> None:
    assert _results(_with(TABLE.sha256), FileFacts(120)) == [False, True]


def test_of_a_failed_run_only_its_end_is_judged() -> None:
    assert _results(state="failed") == [False, None]


def test_a_proposal_has_them_and_names_them() -> None:
    proposal = propose(found(notebook("fit.ipynb", '# A "fit"\n# of two lines', "print(1)")))

    assert list(proposal.tests) == [acceptance.PATH]
    assert syntax_faults(proposal.tests[acceptance.PATH]) == []
    assert f"- {acceptance.PATH}" in proposal.specification
