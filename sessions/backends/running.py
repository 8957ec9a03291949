"""What the portal asks of one running session: its own server's address, not the hub's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Protocol

from django.utils.module_loading import import_string

from accounts.credentials import Credential
from vre_portal.config import get_config


@dataclass(frozen=True, slots=True)
class Place:
    """Which running session is meant: `handle` is its owner's name at the hub."""

    handle: str
    server: str


@dataclass(frozen=True, slots=True)
class Volume:
    """How full a folder is, in bytes; None where nobody counted or nothing limits it."""

    name: str
    used: int | None
    quota: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a session uses now, of what it asked for."""

    memory: int
    memory_limit: int | None
    cpu_percent: float
    cpu_limit: float | None
    home: Volume
    projects: tuple[Volume, ...]
    kernels: int
    busy_kernels: int
    keep_alive: bool
    at: datetime


class EntryKind(StrEnum):
    """What a name in a folder stands for."""

    FOLDER = "folder"
    FILE = "file"
    NOTEBOOK = "notebook"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder of a session; `path` begins at the person's home, without a slash."""

    name: str
    path: str
    kind: EntryKind
    size: int | None
    changed_at: datetime | None
    writable: bool = True


class FetchState(StrEnum):
    """Where the fetching of a repository stands."""

    FETCHING = "fetching"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fetch:
    """A Git repository that a session fetches; `path` is the wanted file below the home."""

    id: str
    state: FetchState
    message: str = ""
    folder: str = ""
    commit: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class FileStream:
    """A file's bytes, piece by piece; `size` in bytes, None where the session does not tell."""

    pieces: Iterator[bytes] = field(repr=False)
    size: int | None
    media_type: str


@dataclass(frozen=True, slots=True)
class ByteSource:
    """Where a file's bytes are, for a reader of its own; it takes one range of bytes."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


class RunningSession(Protocol):
    """A running session's own server; `credential` opens this one session only.

    All calls raise `NotFound` when the session, a path or an id is not there, `Forbidden` when the
    credential does not open it, and `UpstreamUnavailable` or `UpstreamTimeout` when it is silent.
    """

    def usage(self, credential: Credential, at: Place) -> Usage:
        """Return what the session uses now."""
        ...

    def log(self, credential: Credential, at: Place, *, lines: int) -> list[str]:
        """Return the last lines of the session's log."""
        ...

    def keep_alive(self, credential: Credential, at: Place, *, on: bool) -> None:
        """Say whether kernels that work count as use."""
        ...

    def fetch_repository(
        self, credential: Credential, at: Place, *, url: str, ref: str, path: str
    ) -> str:
        """Begin to fetch a Git repository, and return the fetch's id.

        Raises
        ------
        InvalidRequest
            The address or the path can't be used.
        Conflict
            Another one is being fetched.
        """
        ...

    def fetched(self, credential: Credential, at: Place, fetch_id: str) -> Fetch:
        """Return where a fetch stands."""
        ...

    def set_guests(self, credential: Credential, at: Place, guests: Mapping[str, str]) -> None:
        """Say who else may act there, by handle: `view` or `work`; all others are put out."""
        ...

    def entries(self, credential: Credential, at: Place, path: str) -> list[Entry]:
        """Return what is in a folder, folders first; empty `path` is the home."""
        ...

    def entry(self, credential: Credential, at: Place, path: str) -> Entry:
        """Return one file or folder."""
        ...

    def read(
        self,
        credential: Credential,
        at: Place,
        path: str,
        *,
        first: int = 0,
        last: int | None = None,
    ) -> AbstractContextManager[FileStream]:
        """Open a file's bytes, from `first` to `last` (both included), for a `with` block.

        All of them come within seconds, or `UpstreamTimeout` is raised: this is for what the portal
        itself reads, at most some MiB at once.
        """
        ...

    def source(self, credential: Credential, at: Place, path: str) -> ByteSource:
        """Return where a file's bytes are; nothing is asked, so it may not be there."""
        ...

    def write(self, credential: Credential, at: Place, path: str, content: bytes) -> Entry:
        """Write a file of a few MB at once.

        Raises
        ------
        Conflict
            There is one already: it is never replaced.
        """
        ...

    def write_part(
        self,
        credential: Credential,
        at: Place,
        path: str,
        content: bytes,
        *,
        number: int,
        last: bool,
    ) -> None:
        """Write a large file piece by piece, each after the one before; numbers begin with 1.

        Raises
        ------
        Conflict
            The first piece finds a file of that name.
        NoRoom
            The session's disk or quota is full; what came stays there.
        """
        ...

    def make_folder(self, credential: Credential, at: Place, path: str) -> Entry:
        """Make a folder, or raise `Conflict` when something is there."""
        ...

    def rename(self, credential: Credential, at: Place, path: str, to: str) -> Entry:
        """Give a file or folder another path, or raise `Conflict` when something is there."""
        ...

    def delete(self, credential: Credential, at: Place, path: str) -> None:
        """Delete a file, or a folder that is empty (`Conflict` for others)."""
        ...


@cache
def get_running() -> RunningSession:
    """Return the configured adapter."""
    running: RunningSession = import_string(get_config().running_backend)()
    return running


def folders_first(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries as people expect them: folders first, then by name."""
    return sorted(entries, key=lambda one: (one.kind is not EntryKind.FOLDER, one.name.lower()))
