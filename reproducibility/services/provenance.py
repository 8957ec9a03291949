"""What made the outputs of a run or the table of a campaign, as metadata of their data."""

from __future__ import annotations

import json

from django.urls import reverse

from data_mgmt.backends import Value
from reproducibility.models import Campaign, Run
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


def of_campaign(campaign: Campaign) -> dict[str, Value]:
    """Return campaign, analysis, points and code; what is not known or too long is absent."""
    version = campaign.version
    url = reverse("reproducibility:campaign", args=[campaign.pk])
    source = json.dumps(campaign.source, sort_keys=True, ensure_ascii=False)
    told: dict[str, Value] = {
        "campaign_id": str(campaign.pk),
        "campaign_url": f"{get_config().public_url}{url}",
        "campaign_title": campaign.title,
        "analysis": version.analysis.slug,
        "analysis_version": version.number,
        "content_sha256": version.content_sha256,
        "points": campaign.total,
        "points_source": source if len(source) <= MAX_TEXT else "",
        "code_repository": str(version.code.get("repository") or ""),
        "code_commit": str(version.code.get("commit") or ""),
    }
    return {key: value for key, value in told.items() if value != ""}


def of_campaign_file(campaign: Campaign, sha256: str) -> dict[str, Value]:
    """Return what one file of a campaign's dataset says of itself."""
    told: dict[str, Value] = {"campaign_id": str(campaign.pk)}
    return told | ({"sha256": sha256} if sha256 else {})


def of_file(run: Run, path: str, sha256: str) -> dict[str, Value]:
    """Return what one file says of itself, wherever it is put later."""
    told: dict[str, Value] = {"run_id": str(run.pk), "workspace_path": path}
    return told | ({"sha256": sha256} if sha256 else {})


def _parameters(run: Run) -> str:
    """Return the parameters as JSON; what is too long for metadata is read at the run."""
    values = parameters_of(run.version) | run.parameters
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)
    return text if values and len(text) <= MAX_TEXT else ""
