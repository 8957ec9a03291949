"""What the portal asks of a workflow service: the protocol, its values, and the adapter in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, BinaryIO, Protocol

from django.utils.module_loading import import_string

from accounts.credentials import Credential
from vre_portal.config import get_config

AUDIENCE = "reana"


class WorkflowState(StrEnum):
    """Where a workflow stands at the service."""

    CREATED = "created"
    QUEUED = "queued"
    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    DELETED = "deleted"

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self in {self.FINISHED, self.FAILED, self.STOPPED, self.DELETED}


@dataclass(frozen=True, slots=True)
class Workflow:
    """One run of a workflow: `id` is the service's, `name` with its run number such as x.1."""

    id: str
    name: str
    state: WorkflowState


@dataclass(frozen=True, slots=True)
class StepLog:
    """What one job of a workflow said; times in UTC."""

    name: str
    state: WorkflowState
    command: str
    text: str
    image: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkflowLogs:
    """The service's own log and that of each job, in the order of starting."""

    text: str
    steps: tuple[StepLog, ...]


@dataclass(frozen=True, slots=True)
class WorkspaceFile:
    """A file of a workspace; size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Environment:
    """In which environment a workflow runs, beside the one that its specification names."""

    recorded: str = ""
    used: str = ""
    substituted: bool | None = None
    isolation: str = ""
    packages_sha256: str = ""
    packages: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Who the service sees behind a credential."""

    name: str
    email: str


class WorkflowsBackend(Protocol):
    """A workflow service. Each method acts for the credential's owner and raises `PortalError`."""

    def whoami(self, credential: Credential) -> Person:
        """Return whom the service sees, made at the first call."""
        ...

    def find(self, credential: Credential, name: str) -> Workflow | None:
        """Return the newest run of a name, None when there is none."""
        ...

    def create(
        self, credential: Credential, name: str, specification: Mapping[str, Any]
    ) -> Workflow:
        """Make a workflow from a loaded reana.yaml; calling it twice makes two."""
        ...

    def upload(
        self, credential: Credential, workflow_id: str, path: str, content: BinaryIO
    ) -> None:
        """Put a file into the workspace, replacing one of the same path."""
        ...

    def start(
        self, credential: Credential, workflow_id: str, parameters: Mapping[str, Any]
    ) -> None:
        """Start a created workflow; `Conflict` when it was started already."""
        ...

    def get(self, credential: Credential, workflow_id: str) -> Workflow:
        """Return a workflow as it stands."""
        ...

    def logs(self, credential: Credential, workflow_id: str) -> WorkflowLogs:
        """Return what it said so far."""
        ...

    def list_files(self, credential: Credential, workflow_id: str) -> tuple[WorkspaceFile, ...]:
        """Return all files of the workspace."""
        ...

    def download(self, credential: Credential, workflow_id: str, path: str) -> Iterator[bytes]:
        """Return the pieces of a file; `NotFound` before the first when there is none."""
        ...

    def environment(self, credential: Credential, workflow_id: str) -> Environment:
        """Return the environment; unknown fields are empty where the service does not tell."""
        ...

    def cancel(self, credential: Credential, workflow: Workflow) -> None:
        """Stop a running workflow, delete one that does not run yet; nothing for an ended one."""
        ...


@cache
def get_backend() -> WorkflowsBackend:
    """Return the configured adapter."""
    made: WorkflowsBackend = import_string(get_config().workflows_backend)()
    return made
