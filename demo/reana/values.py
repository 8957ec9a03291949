"""The runner's values: people, workflows, jobs, and the states of a workflow."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from demo.reana.images import images_of


class Status(StrEnum):
    """The states of a workflow and, but for the first and the last, of a job."""

    CREATED = "created"
    QUEUED = "queued"
    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    DELETED = "deleted"

    @property
    def active(self) -> bool:
        """Whether the engine holds a slot for it."""
        return self in {Status.PENDING, Status.RUNNING}

    @property
    def ended(self) -> bool:
        """Whether it has run and will not run on."""
        return self in {Status.FINISHED, Status.FAILED, Status.STOPPED}


#: REANA's rules: a pending run cannot be stopped, only deleted; a running one only stopped.
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.CREATED: frozenset({Status.QUEUED, Status.DELETED}),
    Status.QUEUED: frozenset({Status.PENDING, Status.FAILED, Status.DELETED}),
    Status.PENDING: frozenset({Status.RUNNING, Status.FAILED, Status.DELETED}),
    Status.RUNNING: frozenset({Status.FINISHED, Status.FAILED, Status.STOPPED}),
    Status.FINISHED: frozenset({Status.DELETED}),
    Status.FAILED: frozenset({Status.DELETED}),
    Status.STOPPED: frozenset({Status.DELETED}),
    Status.DELETED: frozenset(),
}


def sources_of(target: Status) -> tuple[Status, ...]:
    """Return the states from which a workflow may become `target`."""
    return tuple(source for source, targets in TRANSITIONS.items() if target in targets)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose token a provider signed; issuer and subject tell people apart."""

    id: UUID
    issuer: str
    subject: str
    username: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """One run of a workflow: what was asked for, and how far it is."""

    id: UUID
    owner: UUID
    name: str
    run_major: int
    run_minor: int
    status: Status
    specification: Mapping[str, Any]
    parameters: Mapping[str, Any]
    workspace: UUID
    created: datetime
    started: datetime | None
    finished: datetime | None
    stopped: datetime | None
    reason: str
    isolation: str

    @property
    def run_number(self) -> str:
        """The run's number: `2`, or `2.1` for the first restart of run 2."""
        return f"{self.run_major}.{self.run_minor}" if self.run_minor else str(self.run_major)

    @property
    def full_name(self) -> str:
        """The name with its run number, as the clients show it."""
        return f"{self.name}.{self.run_number}"

    @property
    def images(self) -> tuple[str, ...]:
        """The container images that the steps name, in order, each once."""
        return images_of(self.specification)


@dataclass(frozen=True, slots=True)
class Job:
    """One command of a step: the serial engine's unit of work."""

    id: UUID
    workflow: UUID
    position: int
    step: str
    command: str
    image: str
    status: Status
    attempt: int
    started: datetime | None
    finished: datetime | None


def _beginning(job: Job) -> tuple[float, int]:
    """Return what orders jobs by their beginning."""
    return (job.started.timestamp() if job.started else -math.inf, job.position)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of a run's jobs are where, and which one began last."""

    total: int = 0
    running: int = 0
    finished: int = 0
    failed: int = 0
    ids: tuple[UUID, ...] = ()
    running_ids: tuple[UUID, ...] = ()
    finished_ids: tuple[UUID, ...] = ()
    failed_ids: tuple[UUID, ...] = ()
    command: str | None = None
    step: str | None = None

    @classmethod
    def of(cls, jobs: Sequence[Job]) -> Progress:
        """Return the progress of a run with these jobs, in order."""
        begun = [job for job in jobs if job.attempt]
        latest = max(begun, key=_beginning, default=None)

        def ids(status: Status) -> tuple[UUID, ...]:
            return tuple(job.id for job in begun if job.status is status)

        counts = Counter(job.status for job in jobs)
        return cls(
            total=len(jobs),
            running=counts[Status.RUNNING],
            finished=counts[Status.FINISHED],
            failed=counts[Status.FAILED],
            ids=tuple(job.id for job in begun),
            running_ids=ids(Status.RUNNING),
            finished_ids=ids(Status.FINISHED),
            failed_ids=ids(Status.FAILED),
            command=latest.command if latest else None,
            step=latest.step if latest else None,
        )


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a specification with its parameters put in."""

    step: str
    text: str
    image: str
