"""What the app hooks into the ground for captures: the operation, the live state, two sources."""

from __future__ import annotations

from reproducibility.models import Source
from reproducibility.services.captures import reading, sources, starting
from reproducibility.services.captures.archive_source import ArchiveSource
from reproducibility.services.captures.telling import TOPIC
from reproducibility.services.captures.workflow_source import WorkflowSource
from vre_portal import live, operations


def register() -> None:
    """Register them, once at start."""
    operations.register(starting.KIND, reading.step, give_up=reading.give_up)
    live.topic(TOPIC)(starting.present_state)
    sources.register(Source.ZIP, ArchiveSource)
    sources.register(Source.CRATE, ArchiveSource)
    sources.register(Source.WORKFLOW, WorkflowSource)
