"""What the portal asks of a data service to put a new file into it, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from accounts.credentials import Credential
from data_mgmt.backends.values import Did, FileEntry


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file as it is to be registered; checksums in hexadecimal."""

    entry: FileEntry
    md5: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies at an address of a storage."""

    bytes: int
    adler32: str


class Sized(Protocol):
    """Bytes that come piece by piece, and how many they are."""

    def __len__(self) -> int:
        """Return the bytes in all."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""
        ...


class Uploads(Protocol):
    """Each method may be called again: what is there already is left as it is."""

    def check_name(self, name: str) -> None:
        """Raise `InvalidRequest` for a name that the service takes for no file or dataset."""
        ...

    def write_address(self, credential: Credential, did: Did, storage: str) -> str:
        """Return where a storage wants the bytes of a DID, over HTTP."""
        ...

    def store(self, storage_credential: Credential, address: str, body: Sized) -> None:
        """Write bytes to an address, whole or not at all."""
        ...

    def stored(self, storage_credential: Credential, address: str) -> Stored | None:
        """Return what lies at an address, with the checksum of the bytes that lie there."""
        ...

    def unstore(self, storage_credential: Credential, address: str) -> None:
        """Remove what lies at an address, if anything does."""
        ...

    def register_file(self, credential: Credential, file: NewFile, storage: str) -> None:
        """Register a file with its copy at a storage; `Conflict` where its name has another."""
        ...
