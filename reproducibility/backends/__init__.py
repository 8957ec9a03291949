"""What the portal asks of a workflow service: the protocol, its values, and the adapter in use."""

from __future__ import annotations

from functools import cache
from typing import Protocol

from django.utils.module_loading import import_string

from reproducibility.backends.people import People
from reproducibility.backends.runs import PAGE, Runs
from reproducibility.backends.values import (
    About,
    BrokenOff,
    Detail,
    Dialect,
    Environment,
    ListedWorkflow,
    NotOffered,
    Ownership,
    Person,
    Progress,
    Quota,
    Removed,
    RetentionRule,
    Secret,
    SecretKind,
    Share,
    StepLog,
    Usage,
    Workflow,
    WorkflowLogs,
    WorkflowPage,
    WorkflowState,
    WorkspaceFile,
)
from reproducibility.backends.workspaces import Watch, Workspaces
from vre_portal.config import get_config

__all__ = [
    "AUDIENCE",
    "PAGE",
    "About",
    "BrokenOff",
    "Detail",
    "Dialect",
    "Environment",
    "ListedWorkflow",
    "NotOffered",
    "Ownership",
    "Person",
    "Progress",
    "Quota",
    "Removed",
    "RetentionRule",
    "Secret",
    "SecretKind",
    "Share",
    "StepLog",
    "Usage",
    "Watch",
    "Workflow",
    "WorkflowLogs",
    "WorkflowPage",
    "WorkflowState",
    "WorkflowsBackend",
    "WorkspaceFile",
    "get_backend",
]

AUDIENCE = "reana"


class WorkflowsBackend(People, Runs, Workspaces, Protocol):
    """A workflow service. Each method acts for the credential's owner and raises `PortalError`."""


@cache
def get_backend() -> WorkflowsBackend:
    """Return the configured adapter."""
    made: WorkflowsBackend = import_string(get_config().workflows_backend)()
    return made
