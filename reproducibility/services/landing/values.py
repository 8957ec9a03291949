"""What a public page tells of an analysis; whatever is not here, no stranger gets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reproducibility.capture.values import Author
from reproducibility.crate.citation import Citation
from reproducibility.crate.cited import DOI
from reproducibility.services.badges import environment_words
from reproducibility.services.verdicts_history import Standing


@dataclass(frozen=True, slots=True)
class Archived:
    """A version in a repository: its DOI, its page there, and its RO-Crate as a ZIP."""

    doi: str
    name: str
    page: str
    crate: str

    @property
    def url(self) -> str:
        """The address that the DOI leads by."""
        return f"{DOI}{self.doi}"


@dataclass(frozen=True, slots=True)
class PublicVersion:
    """A version that everybody sees; `url` is that of its public page."""

    number: int
    made_at: datetime
    url: str
    archived: Archived | None


@dataclass(frozen=True, slots=True)
class PublicVerdict:
    """What a run of a public version came to, without whose run it was."""

    version: int
    level: str
    environment: str
    signed_at: datetime

    @property
    def environment_words(self) -> str:
        """In which environment it was, beside the recorded one."""
        return environment_words(self.environment)


@dataclass(frozen=True, slots=True)
class PublicParameter:
    """A parameter with its type in schema.org's words, and its default as a text."""

    name: str
    kind: str
    default: str


@dataclass(frozen=True, slots=True)
class PublicFile:
    """The name of a recorded output, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Code:
    """Where the code is kept; `changed` says that files differed from the commit."""

    repository: str
    commit: str
    swhid: str
    changed: bool


@dataclass(frozen=True, slots=True)
class PublicPage:
    """One version of an analysis as strangers see it.

    `url` is the page's own address, `newest_url` that of the newest version; `sign_in_url` leads to
    the reproduction. The verdicts are on all public versions, the newest first.
    """

    slug: str
    title: str
    summary: str
    authors: tuple[Author, ...]
    licence: str
    licence_url: str
    shown: PublicVersion
    versions: tuple[PublicVersion, ...]
    citation: Citation
    publisher: str
    environment: str
    inputs: tuple[str, ...]
    parameters: tuple[PublicParameter, ...]
    outputs: tuple[PublicFile, ...]
    code: Code
    standing: Standing
    verdicts: tuple[PublicVerdict, ...]
    newest_url: str
    sign_in_url: str
    site_name: str
    site_url: str

    @property
    def url(self) -> str:
        """The address of this version's page."""
        return self.shown.url

    @property
    def archived(self) -> Archived | None:
        """Where this version is archived."""
        return self.shown.archived
