"""Tell open pages of captures that something has changed."""

from __future__ import annotations

from reproducibility.models import AnalysisVersion, CaptureState
from vre_portal.live import publish

TOPIC = "capture"


def tell(version: AnalysisVersion) -> None:
    """Tell the pages of a version's captures how its proof stands."""
    for capture_id in version.analysis.captures.values_list("pk", flat=True):
        event = {"state": CaptureState.SAVED.value, "message": version.proof}
        publish(f"{TOPIC}:{capture_id}", event)
