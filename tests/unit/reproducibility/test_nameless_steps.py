"""Steps without a name have a number, on the page and in the logs."""

from __future__ import annotations

from reproducibility.backends import StepLog, WorkflowLogs, WorkflowState
from reproducibility.models import Analysis, AnalysisVersion
from reproducibility.services import progress, workflows

SPECIFICATION = """
workflow:
  type: serial
  specification:
    steps:
      - {commands: [mkdir results, python select.py]}
      - {name: fit, commands: [python fit.py]}
      - {commands: [python plot.py]}
"""


def test_jobs_without_a_name_get_that_of_their_step(analysis: Analysis) -> None:
    AnalysisVersion.objects.update(specification=SPECIFICATION)
    version = analysis.newest
    version.refresh_from_db()
    said = [StepLog(name, WorkflowState.FINISHED, "", "") for name in ("", "", "fit", "")]

    named = workflows.named(version, WorkflowLogs("", tuple(said)))
    merged = progress.merged(progress.planned(version), named)

    assert [job.name for job in named.steps] == ["step 1", "step 1", "fit", "step 3"]
    assert [entry["name"] for entry in merged] == ["inputs", "step 1", "fit", "step 3", "compare"]
    assert [entry["state"] for entry in merged[1:-1]] == ["done"] * 3
