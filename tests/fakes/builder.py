"""A builder in memory: works go on when a test says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sessions.backends.building import Base, Fetch, JobState, Look, Package

PYTHON = "3.11.7"


@dataclass
class FakeJob:
    """One piece of work."""

    state: JobState = JobState.RUNNING
    log: str = "Making an environment over the site's base\n"
    reason: str = ""
    commit: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


class FakeBuilder:
    """Takes the place of the local builder; `by_itself` finishes what is looked at."""

    def __init__(self) -> None:
        self.jobs: dict[str, FakeJob] = {}
        self.environments: dict[str, tuple[Package, ...]] = {}
        self.started: list[str] = []
        self.cancelled: list[str] = []
        self.repositories: dict[str, Mapping[str, str]] = {}
        self.fingerprint = "base-1"
        self.by_itself = True
        self._wanted: dict[str, tuple[str, ...]] = {}

    def base(self) -> Base:
        """Return the Python of all of them."""
        return Base(PYTHON, self.fingerprint)

    def start_fetch(self, key: str, url: str, ref: str) -> None:
        """Begin to fetch a repository that the test has put there."""
        if key in self.jobs:
            return
        files = self.repositories.get(url)
        job = FakeJob(JobState.DONE, f"Fetching {url}\n", commit="c" * 40, files=files or {})
        if files is None:
            job.state, job.reason = JobState.FAILED, "There is no Git repository at this address."
        self.jobs[key] = job

    def fetched(self, key: str) -> Fetch:
        """Return how a fetch goes."""
        job = self.jobs.get(key)
        if job is None:
            return Fetch(JobState.ABSENT)
        return Fetch(job.state, job.log, job.reason, job.commit, job.files)

    def start(self, digest: str, requirements: Sequence[str]) -> None:
        """Begin to make an environment."""
        if digest not in self.jobs and digest not in self.environments:
            self.started.append(digest)
            self._wanted[digest] = tuple(requirements)
            self.jobs[digest] = FakeJob()

    def look(self, digest: str) -> Look:
        """Return how it goes."""
        job = self.jobs.get(digest)
        if job and job.state is JobState.RUNNING and self.by_itself:
            self.finish(digest)
        log = job.log if job else ""
        if self.exists(digest):
            return Look(JobState.DONE, log, "", self.environments[digest], 1 << 20)
        return Look(job.state, log, job.reason) if job else Look(JobState.ABSENT)

    def finish(self, digest: str) -> None:
        """End the work well."""
        self.jobs[digest].state = JobState.DONE
        names = [line.partition("==")[0] for line in self._wanted[digest]]
        self.environments[digest] = tuple(Package(name, "1.0") for name in names)

    def break_down(self, digest: str, reason: str) -> None:
        """End the work badly."""
        self.jobs[digest].state, self.jobs[digest].reason = JobState.FAILED, reason

    def die(self, digest: str) -> None:
        """Let the work end without a word, as a machine that restarts does."""
        del self.jobs[digest]

    def cancel(self, key: str) -> None:
        """End a work."""
        if self.jobs.pop(key, None):
            self.cancelled.append(key)

    def forget(self, key: str) -> None:
        """Forget how a work ended."""
        if key in self.jobs and self.jobs[key].state is not JobState.RUNNING:
            del self.jobs[key]

    def exists(self, digest: str) -> bool:
        """Whether it is there."""
        return digest in self.environments

    def remove(self, digest: str) -> None:
        """Take it away."""
        self.environments.pop(digest, None)
        self.jobs.pop(digest, None)

    def made(self) -> Sequence[str]:
        """Return what takes room."""
        return list(self.environments)

    def runs(self, digest: str) -> Mapping[str, str]:
        """Return what the hub would run."""
        return {"local": f"built-{digest}"}
