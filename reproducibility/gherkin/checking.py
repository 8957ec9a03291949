"""Feature files judged by the facts of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reproducibility.gherkin import steps as _steps  # noqa: F401 - fills the vocabulary
from reproducibility.gherkin.reading import NoGherkin, Scenario, Step, read
from reproducibility.gherkin.values import Failed, RunFacts, ScenarioResult, Unjudged
from reproducibility.gherkin.vocabulary import VOCABULARY


def check(features: Mapping[str, str], facts: RunFacts) -> list[ScenarioResult]:
    """Return how each scenario of some feature files (path to text) went, as REANA's client would.

    A file that is no Gherkin, a condition that is not met, and a sentence that REANA does not know
    are not judged, with a reason; they are no errors.
    """
    return [result for path, text in features.items() for result in _results(path, text, facts)]


def _results(path: str, text: str, facts: RunFacts) -> Iterator[ScenarioResult]:
    try:
        feature = read(text)
    except NoGherkin as exc:
        line, reason = exc.faults[0]
        yield ScenarioResult(path, "", None, f"{path}, line {line}: {reason}")
        return
    for scenario in feature.scenarios:
        passed, reason = _judged(scenario, facts)
        yield ScenarioResult(feature.name or path, scenario.name, passed, reason)


def _judged(scenario: Scenario, facts: RunFacts) -> tuple[bool | None, str]:
    if not scenario.steps:
        return None, "The scenario has no steps."
    # An unknown sentence anywhere leaves the scenario unjudged: what stands before is half of it.
    for step in scenario.steps:
        if VOCABULARY.find(step.kind, step.text) is None:
            return None, f"REANA has no step “{step.text[:200]}”."
    try:
        for step in scenario.steps:
            _judge(step, facts)
    except Failed as exc:
        return False, str(exc)
    except Unjudged as exc:
        return None, str(exc)
    return True, ""


def _judge(step: Step, facts: RunFacts) -> None:
    found = VOCABULARY.find(step.kind, step.text)
    if found is not None:
        judge, arguments = found
        judge(facts, **arguments)
