"""What the portal asks of whoever makes environments; the site chooses by VRE_ENVIRONMENT_BUILDER.

Making takes minutes and outlives the worker that asked for it: work is started under a key, looked
at, and cancelled. Starting what runs or is finished already does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Protocol, cast

from django.utils.module_loading import import_string

from vre_portal.config import get_config


class JobState(StrEnum):
    """Where a piece of work stands."""

    ABSENT = "absent"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was installed."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Base:
    """What every environment contains before anything is added to it."""

    python: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Look:
    """How the making of an environment goes; `reason` says in words why it failed."""

    state: JobState
    log: str = ""
    reason: str = ""
    packages: tuple[Package, ...] = ()
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Fetch:
    """How the fetching of a repository's lists of packages goes."""

    state: JobState
    log: str = ""
    reason: str = ""
    commit: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


class EnvironmentBuilder(Protocol):
    """Makes environments from lists of packages, each under the digest of what it is made of."""

    def base(self) -> Base:
        """Return what environments are made upon; raises `UpstreamUnavailable` without one."""

    def start_fetch(self, key: str, url: str, ref: str) -> None:
        """Begin to fetch the lists of packages of a repository."""

    def fetched(self, key: str) -> Fetch:
        """Return how a fetch goes."""

    def start(self, digest: str, requirements: Sequence[str]) -> None:
        """Begin to make an environment."""

    def look(self, digest: str) -> Look:
        """Return how the making goes; what is there is done."""

    def cancel(self, key: str) -> None:
        """End a fetch or a making with all its processes, and forget it."""

    def forget(self, key: str) -> None:
        """Forget how a fetch or a making ended; what was made stays."""

    def exists(self, digest: str) -> bool:
        """Whether a finished environment is there, on the present base."""

    def remove(self, digest: str) -> None:
        """Take an environment away; nothing happens when there is none."""

    def made(self) -> Sequence[str]:
        """Return the digests of all that takes room."""

    def runs(self, digest: str) -> Mapping[str, str]:
        """Return what an environments file says of it: `local` or `image`."""


@cache
def get_builder() -> EnvironmentBuilder | None:
    """Return the site's builder, None where people can't make environments."""
    dotted = get_config().environment_builder
    return cast("EnvironmentBuilder", import_string(dotted)()) if dotted else None
