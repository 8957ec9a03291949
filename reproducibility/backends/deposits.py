"""The vocabulary of repositories that take deposits: values, promises, and a getter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Protocol

from django.utils.module_loading import import_string

from accounts.credentials import Credential
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest

AUDIENCE = "deposits"


class Relation(StrEnum):
    """How a record is related to something else, in DataCite's terms (schema 4.5, appendix)."""

    DESCRIBED_BY = "isdescribedby"
    SUPPLEMENT_TO = "issupplementto"
    DERIVED_FROM = "isderivedfrom"
    IDENTICAL_TO = "isidenticalto"
    NEW_VERSION_OF = "isnewversionof"


class Scheme(StrEnum):
    """What kind of identifier it is."""

    DOI = "doi"
    URL = "url"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Creator:
    """An author; the ORCID is empty where it is not known."""

    name: str
    orcid: str = ""


@dataclass(frozen=True, slots=True)
class Related:
    """Something that a record is related to."""

    identifier: str
    scheme: Scheme
    relation: Relation


@dataclass(frozen=True, slots=True)
class Description:
    """What a record says of itself.

    `summary` is plain text, `licence` an SPDX identifier, `marker` a URN by which a draft is found
    again whose id was not saved.
    """

    title: str
    summary: str
    creators: tuple[Creator, ...]
    licence: str
    published_on: date
    version: str
    related: tuple[Related, ...]
    marker: str


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What a repository does not accept: `field` as it names it, with dots."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """A draft or a published record; the DOI is empty before one is reserved."""

    id: str
    published: bool
    doi: str
    faults: tuple[FieldFault, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a draft; `md5` is empty until all of it is there."""

    key: str
    size: int
    md5: str


class Refused(InvalidRequest):
    """A repository does not accept what it was given; `faults` say which parts and why."""

    def __init__(self, message: str, *, faults: tuple[FieldFault, ...] = ()) -> None:
        super().__init__(message, service=AUDIENCE)
        self.faults = faults


class DepositBackend(Protocol):
    """A repository. Each method acts for the credential's owner and raises `PortalError`.

    A token that it does not take is `TokenWanted`, a draft or record that is not there `NotFound`,
    and what it does not accept `Refused`.
    """

    def whoami(self, credential: Credential) -> str:
        """Return whom a token belongs to, as a sentence names it."""

    def find(self, credential: Credential, marker: str) -> Record | None:
        """Return the person's draft or record with this marker."""

    def create(self, credential: Credential, description: Description) -> Record:
        """Make a draft."""

    def new_version(self, credential: Credential, record_id: str) -> Record:
        """Return the draft of a record's next version, made unless it is there already."""

    def read(self, credential: Credential, record_id: str) -> Record:
        """Return a draft, or the record that it became."""

    def update(self, credential: Credential, record_id: str, description: Description) -> Record:
        """Describe a draft anew; `faults` of the answer would hinder its publication."""

    def reserve_doi(self, credential: Credential, record_id: str) -> Record:
        """Reserve the DOI that a draft will have."""

    def files(self, credential: Credential, record_id: str) -> tuple[RemoteFile, ...]:
        """Return the files of a draft."""

    def upload(self, credential: Credential, record_id: str, key: str, file: Path) -> RemoteFile:
        """Add a file to a draft, under a key that it does not have yet."""

    def remove_file(self, credential: Credential, record_id: str, key: str) -> None:
        """Take a file out of a draft; one that is not there is no fault."""

    def publish(self, credential: Credential, record_id: str) -> Record:
        """Publish a draft, for good."""

    def propose(self, credential: Credential, record_id: str, community: str) -> None:
        """Ask the curators of a community to include a record; asking twice is no fault."""

    def discard(self, credential: Credential, record_id: str) -> None:
        """Delete a draft; one that is not there is no fault."""


@cache
def get_deposits() -> DepositBackend:
    """Return the configured adapter."""
    made: DepositBackend = import_string(get_config().deposits_backend)()
    return made
