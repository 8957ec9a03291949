"""What made the outputs of a run, as metadata of the data that they become."""

from __future__ import annotations

import json

from django.urls import reverse

from data_mgmt.backends import Value
from reproducibility.models import Run
from reproducibility.services.parameters import parameters_of
from vre_portal.config import get_config

#: The longest text that a value of metadata has.
MAX_TEXT = 4_000


def provenance_of(run: Run) -> dict[str, Value]:
    """Return run, analysis, workflow, verdict, parameters and code; what is not known is absent."""
    told: dict[str, Value] = {
        "run_id": str(run.pk),
        "run_url": f"{get_config().public_url}{reverse('reproducibility:run', args=[run.pk])}",
        "analysis": run.analysis.slug,
        "analysis_version": run.version.number,
        "workflow": run.workflow_name,
        "verdict": str((run.verdict or {}).get("level", "")),
        "environment": str((run.verdict or {}).get("environment", "")),
        "parameters": _parameters(run),
        "code_repository": str(run.version.code.get("repository") or ""),
        "code_commit": str(run.version.code.get("commit") or ""),
    }
    return {key: value for key, value in told.items() if value != ""}


def of_file(run: Run, path: str, sha256: str) -> dict[str, Value]:
    """Return what one file says of itself, wherever it is put later."""
    told: dict[str, Value] = {"run_id": str(run.pk), "workspace_path": path}
    return told | ({"sha256": sha256} if sha256 else {})


def _parameters(run: Run) -> str:
    """Return the parameters as JSON; what is too long for metadata is read at the run."""
    values = parameters_of(run.version) | run.parameters
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)
    return text if values and len(text) <= MAX_TEXT else ""
