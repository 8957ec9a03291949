"""What a workflow service tells, as frozen values: workflows, workspaces, limits, people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vre_portal.errors import Conflict, UpstreamUnavailable


class NotOffered(Conflict):
    """The workflow service does not have what was asked for, or not at this site."""


class BrokenOff(UpstreamUnavailable):
    """A file came in part: it is to be read anew, from its beginning."""


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
class Progress:
    """How many jobs of a workflow there will be, and how many are at work, done or failed.

    A service may learn `total` only while the workflow runs; it is 0 until then.
    """

    total: int = 0
    running: int = 0
    finished: int = 0
    failed: int = 0
    current_step: str = ""


@dataclass(frozen=True, slots=True)
class ListedWorkflow:
    """A workflow as a list shows it; times in UTC, `size` of the workspace in bytes.

    `owner` is an e-mail address, empty where the service does not tell; of a workflow that
    somebody shares, it is that person. `shared_with` are the addresses that the owner chose.
    """

    workflow: Workflow
    progress: Progress
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    size: int | None = None
    owner: str = ""
    shared_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowPage:
    """A page of workflows, newest first; `more` says whether there is another page."""

    items: tuple[ListedWorkflow, ...]
    more: bool


class Ownership(StrEnum):
    """Whose workflows a list shows."""

    MINE = "mine"
    SHARED_WITH_ME = "shared-with-me"
    ALL = "all"


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
class Removed:
    """What happened to each file that was to be removed; `failed` are paths that stay."""

    files: tuple[WorkspaceFile, ...]
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Files of a workspace that are removed so many days after its run has ended.

    `pattern` is a glob; `due_at` (UTC) is None until the run has ended.
    """

    pattern: str
    days: int
    state: str
    due_at: datetime | None = None


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


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of something is used; `limit` is None where there is none."""

    used: int
    limit: int | None = None

    @property
    def left(self) -> int | None:
        """What may be used still, None without a limit."""
        return None if self.limit is None else max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Quota:
    """What a person uses: processor time in milliseconds, workspaces in bytes.

    None is what the service does not count.
    """

    cpu: Usage | None
    disk: Usage | None


class SecretKind(StrEnum):
    """How a secret reaches a job."""

    VARIABLE = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret's name and kind; its value is never told again."""

    name: str
    kind: SecretKind


@dataclass(frozen=True, slots=True)
class Share:
    """Somebody, by e-mail address, who may read a workflow; `until` (UTC) or for good."""

    email: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a REANA is spoken to.

    `bundles`: a workflow is made from a ZIP of its specification (0.95), else from loaded JSON
    (0.9). `bearer`: the token goes into a header, else into the query.
    """

    bundles: bool
    bearer: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that a service tells of itself, in its own words."""

    key: str
    title: str
    value: str


@dataclass(frozen=True, slots=True)
class About:
    """What a workflow service is and allows; a limit that it does not tell is None or empty.

    `job_seconds` is the longest that a job may ask for, `job_memory` the most, such as 10Gi;
    `retention_days` the longest that files are kept. `details` has all that it tells.
    """

    version: str
    dialect: Dialect
    capabilities: frozenset[str]
    engines: tuple[str, ...]
    compute_backends: tuple[str, ...]
    job_seconds: int | None = None
    job_memory: str = ""
    retention_days: int | None = None
    details: tuple[Detail, ...] = ()
