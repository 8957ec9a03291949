"""Acceptance tests of analyses, with the steps that REANA's own client knows."""

from reproducibility.gherkin.checking import check
from reproducibility.gherkin.values import FileFacts, RunFacts, ScenarioResult

__all__ = ["FileFacts", "RunFacts", "ScenarioResult", "check"]
