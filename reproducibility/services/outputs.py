"""Outputs by their path: those recorded, and those of a run."""

from __future__ import annotations

from pathlib import Path

from django.db.models import F
from django.db.models.functions import Length

from reproducibility.models import AnalysisVersion, RecordedOutput, Run, RunOutput
from reproducibility.services import recorded_files
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


def content_of(output: RecordedOutput | RunOutput) -> bytes | Path:
    """Return what is in an output, or the file that holds it.

    Raises
    ------
    NotFound
        Only its checksum is kept here.
    """
    if isinstance(output, RunOutput) or output.in_database:
        return bytes(output.content)
    path = recorded_files.find(output.sha256, output.size)
    if path is None:
        raise NotFound(recorded_files.why_absent(output.size, recorded_files.room()))
    return path


def absent(version: AnalysisVersion) -> dict[str, str]:
    """Return the recorded outputs that are known by their checksum alone, each with the reason."""
    rows = version.outputs.annotate(held=Length("content")).exclude(held=F("size"))
    sizes = {
        path: size
        for path, checksum, size in rows.values_list("path", "sha256", "size")
        if recorded_files.find(checksum, size) is None
    }
    left = recorded_files.room() if sizes else 0
    return {path: recorded_files.why_absent(size, left) for path, size in sizes.items()}


def _checked(path: str) -> str:
    # PostgreSQL holds no NUL, so that nothing can have such a name.
    if "\0" in path:
        raise NotFound("There is no such output.")
    return path
