"""What a capture works with: files that were found, and the analysis that they propose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a file is to an analysis."""

    CODE = "code"
    INPUT = "input"
    OUTPUT = "output"
    LEFT_OUT = ""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a session, repository or archive; `content` is None where it is too large.

    `size` in bytes; checksums are empty where nobody read the file; `did` is of the data lake.
    """

    path: str
    size: int
    sha256: str = ""
    adler32: str = ""
    did: str = ""
    content: bytes | None = field(default=None, repr=False)
    modified_at: float | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Who made an analysis; the ORCID is empty where it is not known."""

    name: str
    orcid: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it as an analysis keeps it."""
        return {"name": self.name, "orcid": self.orcid}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """In which environment the files were made, as far as anything tells.

    `image` is what reana.yaml names; `slug` is the portal's own name of the session's environment.
    """

    image: str = ""
    slug: str = ""
    name: str = ""
    lock_sha256: str = ""
    interpreter: str = ""
    system: str = ""
    processor: str = ""
    threads: int | None = None
    packages: tuple[str, ...] = field(default=(), repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return what a version keeps of it."""
        return {
            "slug": self.slug,
            "name": self.name,
            "lock_sha256": self.lock_sha256,
            "interpreter": self.interpreter,
            "system": self.system,
            "processor": self.processor,
            "threads": self.threads,
            "packages": list(self.packages),
        }


@dataclass(frozen=True, slots=True)
class Code:
    """Where the code comes from; `dirty` when files differ from the commit."""

    repository: str = ""
    commit: str = ""
    dirty: bool = False
    swhid: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what a version keeps of it."""
        return {
            "repository": self.repository,
            "commit": self.commit,
            "dirty": self.dirty,
            "swhid": self.swhid,
        }


@dataclass(frozen=True, slots=True)
class Data:
    """A DID that is read, the workspace folder where it is expected, and its files as recorded."""

    did: str
    folder: str
    files: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is known of files that were an analysis before; roles and tolerances are by path."""

    summary: str
    licence: str
    environment: str
    roles: Mapping[str, Role]
    tolerances: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """All that was found in one source, before anything is proposed."""

    files: tuple[FoundFile, ...]
    data: tuple[Data, ...] = ()
    surroundings: Surroundings = Surroundings()
    code: Code = Code()
    title: str = ""
    authors: tuple[Author, ...] = ()
    entry: str = ""
    recorded: Recorded | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the entry, with its default; the type is the default's."""

    name: str
    default: Any
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An analysis as it is proposed: the page shows it, the person edits it."""

    specification: str
    roles: Mapping[str, Role]
    tests: Mapping[str, str]
    title: str
    summary: str
    licence: str
    authors: tuple[Author, ...]
    environment: str
    entry: str = ""
    entries: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    notes: tuple[str, ...] = ()
    tolerances: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a specification: where, and what to do; `line` counts from 1.

    A hint stops nothing: REANA would run it.
    """

    line: int | None
    where: str
    reason: str
    hint: bool = False
