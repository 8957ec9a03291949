"""The vocabulary of the data part: frozen values, none of them knows the vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from vre_portal.errors import InvalidRequest

MAX_NAME = 250
#: What a key of metadata may hold.
Value = str | int | float | bool


class DidType(StrEnum):
    """What a data identifier stands for."""

    FILE = "file"
    DATASET = "dataset"
    CONTAINER = "container"

    @property
    def is_collection(self) -> bool:
        """Whether it holds other DIDs."""
        return self is not DidType.FILE


@dataclass(frozen=True, slots=True, order=True)
class Did:
    """A data identifier: a name in a scope."""

    scope: str
    name: str

    def __str__(self) -> str:
        return f"{self.scope}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``scope:name``; raises `InvalidRequest` when it is not one."""
        scope, colon, name = text.strip().partition(":")
        if not colon or not scope or not name or len(name) > MAX_NAME or "/" in scope:
            raise InvalidRequest("Write the data identifier as scope:name.", field="did")
        return cls(scope, name)


@dataclass(frozen=True, slots=True)
class DidInfo:
    """A DID as the catalogue has it; sizes are None where it does not know them."""

    did: Did
    type: DidType
    bytes: int | None = None
    files: int | None = None
    account: str = ""
    is_open: bool = False
    adler32: str = ""
    #: When it goes for good, with the rules on it; None while it stays.
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DidPage:
    """A part of a list in the order of names, and the name after which it goes on."""

    items: tuple[DidInfo, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file with its size in bytes and its checksum as the catalogue has them."""

    did: Did
    bytes: int
    adler32: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a file: on which storage, in which state, at which address."""

    storage: str
    state: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class FileReplicas:
    """A file and each of its copies."""

    file: FileEntry
    copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Availability:
    """How much of a DID is at one storage."""

    storage: str
    files: int
    files_total: int
    bytes: int
    bytes_total: int

    @property
    def is_complete(self) -> bool:
        """Whether every file is there."""
        return self.files >= self.files_total


class StorageKind(StrEnum):
    """What a storage is made of."""

    DISK = "disk"
    TAPE = "tape"


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage (Rucio's RSE); numbers are bytes, None where nobody reported them."""

    name: str
    kind: StorageKind
    site: str = ""
    country: str = ""
    is_writable: bool = True
    used: int | None = None
    free: int | None = None
    is_readable: bool = True
    #: Who lets waiting rules go there, where the storage names them.
    approvers: tuple[str, ...] = ()
    #: Whether somebody may ask for approval there.
    takes_approval: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """An account's use of one storage; `limit` is None where there is none."""

    storage: str
    used: int
    files: int
    limit: int | None

    @property
    def remaining(self) -> int | None:
        """Bytes that may still be claimed; None for no limit."""
        return None if self.limit is None else max(0, self.limit - self.used)


class RuleState(StrEnum):
    """Where a replication rule stands."""

    INJECT = "inject"
    REPLICATING = "replicating"
    OK = "ok"
    STUCK = "stuck"
    SUSPENDED = "suspended"
    WAITING_APPROVAL = "waiting_approval"


@dataclass(frozen=True, slots=True)
class Rule:
    """A replication rule as the catalogue reports it."""

    id: str
    did: Did
    account: str
    storage: str
    copies: int
    state: RuleState
    locks_ok: int = 0
    locks_replicating: int = 0
    locks_stuck: int = 0
    error: str = ""
    comment: str = ""
    activity: str = ""
    #: The size of the DID, where the catalogue told it.
    bytes: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def locks_total(self) -> int:
        """Files (times copies) that the rule holds."""
        return self.locks_ok + self.locks_replicating + self.locks_stuck


@dataclass(frozen=True, slots=True)
class Lock:
    """How far one file of a rule is."""

    did: Did
    storage: str
    state: RuleState


@dataclass(frozen=True, slots=True)
class FileFault:
    """Why one file of a rule does not arrive."""

    did: Did
    storage: str
    reason: str
    attempts: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class FileState:
    """How far one file of a rule is, and what its last transfer said where that failed."""

    did: Did
    storage: str
    state: RuleState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FileStates:
    """A part of a rule's files in the order of `file_key`, and the key after which it goes on."""

    items: tuple[FileState, ...]
    next: str = ""
    #: Whether they are too many to be listed.
    is_cut: bool = False


def file_key(file: Lock | FileFault | FileState) -> str:
    """Return what orders the files of a rule, which has a file once at each storage."""
    return f"{file.did} {file.storage}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a list is read as it comes (NDJSON), with the headers that say who asks."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file on this machine whose checksum was compared with the catalogue's."""

    did: Did
    path: str
    bytes: int
    adler32: str
