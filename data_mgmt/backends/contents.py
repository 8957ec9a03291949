"""Where the bytes of files can be read: the values, and the part of the protocol about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from accounts.credentials import Credential
from data_mgmt.backends.values import Did, FileEntry, StorageKind


@dataclass(frozen=True, slots=True)
class FileSource:
    """One available copy of a file: its storage, what that is, and an http or https address."""

    storage: str
    url: str
    kind: StorageKind = StorageKind.DISK


@dataclass(frozen=True, slots=True)
class FileSources:
    """A file and where it can be read, disks first; no source where there is none."""

    file: FileEntry
    sources: tuple[FileSource, ...]

    @property
    def on_disk(self) -> tuple[FileSource, ...]:
        """The copies that can be read at once."""
        return tuple(each for each in self.sources if each.kind is StorageKind.DISK)


class Contents(Protocol):
    """The questions behind whatever reads bytes."""

    def file_sources(self, credential: Credential, did: Did) -> FileSources:
        """Return a file with the copies that can be read now, in a random order of disks.

        `Conflict` where there is no copy on a disk; `InvalidRequest` for a collection.
        """
        ...

    def sources_below(
        self, credential: Credential, did: Did, *, limit: int
    ) -> tuple[FileSources, ...]:
        """Return at most `limit` files below a DID with their copies, by name."""
        ...

    def files_below(self, credential: Credential, did: Did) -> Iterator[FileEntry]:
        """Yield all files below a DID as they come, in no order."""
        ...
