"""What the portal asks of a workflow service about the files of a workflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from accounts.credentials import Credential
from reproducibility.backends.values import Removed, WorkspaceFile

#: Called with the bytes that have been handed over so far, after each piece.
Watch = Callable[[int], None]


class Workspaces(Protocol):
    """Workspaces of the credential's owner; each method raises `PortalError`."""

    def upload(
        self,
        credential: Credential,
        workflow_id: str,
        path: str,
        content: BinaryIO,
        *,
        size: int | None = None,
        progress: Watch | None = None,
    ) -> None:
        """Put a file into the workspace piece by piece, replacing one of the same path.

        `size`, in bytes, is told beforehand; without it what is left of `content` is measured,
        which must be seekable then. A file that turns out shorter is `InvalidRequest`, and
        nothing of it stays.
        """
        ...

    def list_files(self, credential: Credential, workflow_id: str) -> tuple[WorkspaceFile, ...]:
        """Return all files of the workspace."""
        ...

    def download(
        self, credential: Credential, workflow_id: str, path: str, offset: int = 0
    ) -> Iterator[bytes]:
        """Return the pieces of a file from a byte on; `NotFound` before the first piece.

        A transfer that breaks goes on where it ended, as long as the file is still the same.

        Raises
        ------
        BrokenOff
            It broke too often, or the file changed meanwhile.
        RangeNotSatisfiable
            The file ends before or at `offset`; said at the first piece at the latest.
        """
        ...

    def archive(self, credential: Credential, workflow_id: str, path: str = "*") -> Iterator[bytes]:
        """Return the pieces of a ZIP of a folder, or of what matches a glob.

        Raises
        ------
        InvalidRequest
            It is a single file.
        """
        ...

    def remove_files(self, credential: Credential, workflow_id: str, path: str) -> Removed:
        """Remove a file, a folder, or what matches a glob; `NotFound` when nothing does."""
        ...

    def disk_usage(self, credential: Credential, workflow_id: str) -> int:
        """Return what the workspace takes, in bytes."""
        ...
