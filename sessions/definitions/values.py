"""The values of an environments file: what a session may be started with."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """What opens in the browser."""

    JUPYTERLAB = "jupyterlab"
    NOTEBOOK = "notebook"
    VSCODE = "vscode"
    RSTUDIO = "rstudio"
    DESKTOP = "desktop"
    MARIMO = "marimo"
    DASHBOARD = "dashboard"


#: Where a session of a kind opens, below its own address.
OPENS: Mapping[Kind, str] = {
    Kind.JUPYTERLAB: "lab",
    Kind.NOTEBOOK: "tree",
    Kind.VSCODE: "vscode/",
    Kind.RSTUDIO: "rstudio/",
    Kind.DESKTOP: "desktop/",
    Kind.MARIMO: "marimo/",
    Kind.DASHBOARD: "dashboard/",
}


class Status(StrEnum):
    """How an environment stands among the others."""

    DEFAULT = "default"
    OFFERED = "offered"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class Accelerator:
    """Devices of one kind, such as `nvidia.com/gpu`; the name is for people."""

    name: str
    kind: str
    count: int = 1
    node_selector: Mapping[str, str] = field(default_factory=dict)


GUARANTEES = {"cpu": "cpu_guarantee", "memory_gb": "memory_guarantee_gb"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session is started with, as far as it is settled; None leaves it as it is."""

    cpu: float | None = None
    cpu_guarantee: float | None = None
    memory_gb: float | None = None
    memory_guarantee_gb: float | None = None
    accelerator: Accelerator | None = None
    lifetime_hours: float | None = None
    image: str | None = None
    local: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What is settled, by the names of the fields."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name) is not None)

    def over(self, other: Settings) -> Settings:
        """Return `other` with what is settled here in its place; a limit brings its guarantee."""
        changes = {name: getattr(self, name) for name in self.names}
        for limit, guarantee in GUARANTEES.items():
            if limit in changes:
                changes.setdefault(guarantee, None)
        return replace(other, **changes)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an option and what it settles."""

    slug: str
    title: str
    description: str = ""
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class UnlistedChoice:
    """A value that may be typed in place of a choice; the whole of it has to match the pattern."""

    title: str
    sets: str
    validation_regex: str
    validation_message: str = ""

    def allows(self, value: str) -> bool:
        """Whether a value may be used."""
        return re.fullmatch(self.validation_regex, value) is not None

    def settings(self, value: str) -> Settings:
        """Return what a value settles.

        Raises
        ------
        ValueError
            A number above 0 was needed.
        """
        if self.sets != "memory_gb":
            return Settings(image=value)
        if (number := float(value)) <= 0:
            raise ValueError(value)
        return Settings(memory_gb=number)


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose in an environment, such as how much memory."""

    key: str
    title: str
    choices: tuple[Choice, ...]
    default: str
    help: str = ""
    unlisted: UnlistedChoice | None = None

    def choice(self, slug: str) -> Choice | None:
        """Return one of the choices, None when there is no such."""
        return next((choice for choice in self.choices if choice.slug == slug), None)


@dataclass(frozen=True, slots=True)
class Environment:
    """What a session may be started with.

    Empty `groups` means everybody, and with an `owner` nobody else.
    """

    slug: str
    title: str
    kind: Kind = Kind.JUPYTERLAB
    description: str = ""
    logo: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    groups: tuple[str, ...] = ()
    owner: str = ""
    status: Status = Status.OFFERED
    deprecated_until: date | None = None
    use_instead: str = ""
    minutes_idle: int | None = None
    max_lifetime_hours: float | None = None
    extend_hours: float | None = None
    opens: str = ""
    settings: Settings = field(default_factory=Settings)

    @property
    def default(self) -> bool:
        """Whether it is what a session is started with when nothing is said."""
        return self.status is Status.DEFAULT

    @property
    def default_url(self) -> str:
        """Where a session opens, below its own address: `lab`, `tree`, ..."""
        return self.opens or OPENS[self.kind]

    def open_to(self, groups: Collection[str], handle: str = "") -> bool:
        """Whether somebody may use it, by their groups and their handle."""
        if self.owner and self.owner == handle:
            return True
        if not self.groups:
            return not self.owner
        return not set(self.groups).isdisjoint(groups)

    def over(self, today: date) -> bool:
        """Whether it was deprecated and its last day is over."""
        return self.deprecated_until is not None and today > self.deprecated_until

    def option(self, key: str) -> Option | None:
        """Return an option, None when there is no such."""
        return next((option for option in self.options if option.key == key), None)


@dataclass(frozen=True, slots=True)
class Project:
    """A folder that the members of some groups share."""

    name: str
    title: str
    groups: tuple[str, ...]
    quota_gb: float | None = None


@dataclass(frozen=True, slots=True)
class Volumes:
    """The folders that sessions keep: a home for each person, and those of projects."""

    home_quota_gb: float | None = None
    projects: tuple[Project, ...] = ()

    def projects_of(self, groups: Collection[str]) -> tuple[Project, ...]:
        """Return the projects of somebody with these groups."""
        return tuple(each for each in self.projects if not set(each.groups).isdisjoint(groups))


@dataclass(frozen=True, slots=True)
class Definitions:
    """A whole file: the environments in its order, folders, and the site's accelerators."""

    environments: tuple[Environment, ...]
    accelerators: Mapping[str, int] = field(default_factory=dict)
    volumes: Volumes = field(default_factory=Volumes)

    @property
    def longest_idle(self) -> int | None:
        """The longest idle time in minutes; None when an environment has no limit."""
        minutes = [environment.minutes_idle for environment in self.environments]
        known = [each for each in minutes if each is not None]
        return max(known) if known and len(known) == len(minutes) else None
