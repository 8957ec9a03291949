"""Outputs by their path: those recorded, and those of a run."""

from __future__ import annotations

from reproducibility.models import AnalysisVersion, RecordedOutput, Run, RunOutput
from vre_portal.errors import NotFound


def recorded_output(version: AnalysisVersion, path: str) -> RecordedOutput:
    """Return a recorded output with its content."""
    found = RecordedOutput.objects.filter(version=version, path=_checked(path)).first()
    if found is None:
        raise NotFound("The analysis has no such output.")
    return found


def run_output(run: Run, path: str) -> RunOutput:
    """Return what a run gave, with its content."""
    found = RunOutput.objects.filter(run=run, path=_checked(path)).first()
    if found is None:
        raise NotFound("The run gave no such output.")
    if not found.kept:
        raise NotFound("This output is too large to be kept here; it is in the run's workspace.")
    return found


def _checked(path: str) -> str:
    # PostgreSQL holds no NUL, so that nothing can have such a name.
    if "\0" in path:
        raise NotFound("There is no such output.")
    return path
