"""The workspaces of the fake workflow service."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import BinaryIO
from zipfile import ZipFile

from accounts.credentials import Credential
from reproducibility.backends import BrokenOff, Removed, Watch, WorkspaceFile
from tests.fakes.workflow_state import FakeState, counted
from vre_portal.errors import InvalidRequest, NotFound, QuotaExceeded, RangeNotSatisfiable

PIECE = 3


class FakeWorkspaces(FakeState):
    """Does what `reproducibility.backends.workspaces.Workspaces` promises."""

    @counted
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
        made = self.mine(credential, workflow_id)
        sent = content.read() if size is None else content.read(size)
        if size is not None and len(sent) < size:
            raise InvalidRequest("The file became shorter meanwhile. Try again.", service="reana")
        if self.disk_limit is not None and len(sent) > self.disk_limit:
            raise QuotaExceeded("REANA says: User quota exceeded.", service="reana")
        made.files[path] = sent
        if progress is not None and sent:
            progress(len(sent))

    @counted
    def list_files(self, credential: Credential, workflow_id: str) -> tuple[WorkspaceFile, ...]:
        files = self.readable(credential, workflow_id).files
        return tuple(WorkspaceFile(path, len(files[path])) for path in sorted(files))

    @counted
    def download(
        self, credential: Credential, workflow_id: str, path: str, offset: int = 0
    ) -> Iterator[bytes]:
        files = self.readable(credential, workflow_id).files
        if path not in files:
            raise NotFound("REANA says: there is no such file.", service="reana")
        if offset and offset >= len(files[path]):
            raise RangeNotSatisfiable("The file ends before that.", service="reana")
        return self._in_two(files[path][offset:])

    def _in_two(self, content: bytes) -> Iterator[bytes]:
        """Yield a content in two pieces; broken downloads end between them."""
        if piece := content[:PIECE]:
            yield piece
        if self.broken_downloads:
            self.broken_downloads -= 1
            raise BrokenOff("REANA broke off in the middle of a file. Try again.", service="reana")
        if rest := content[PIECE:]:
            yield rest

    @counted
    def archive(self, credential: Credential, workflow_id: str, path: str = "*") -> Iterator[bytes]:
        files = self.readable(credential, workflow_id).files
        found = _matching(files, path)
        if found == [path]:
            raise InvalidRequest(f"{path} is a single file: download it.", service="reana")
        packed = io.BytesIO()
        with ZipFile(packed, "w") as archive:
            for name in found:
                archive.writestr(name, files[name])
        return iter([packed.getvalue()])

    @counted
    def remove_files(self, credential: Credential, workflow_id: str, path: str) -> Removed:
        files = self.mine(credential, workflow_id).files
        found = _matching(files, path)
        return Removed(tuple(WorkspaceFile(name, len(files.pop(name))) for name in found))

    @counted
    def disk_usage(self, credential: Credential, workflow_id: str) -> int:
        return sum(map(len, self.readable(credential, workflow_id).files.values()))


def _matching(files: dict[str, bytes], path: str) -> list[str]:
    """Return a file, those of a folder, or those that a glob names."""
    wanted = path.split("/")
    found = [name for name in sorted(files) if _is_below(name.split("/"), wanted)]
    if not found:
        raise NotFound("REANA says: there is no such file.", service="reana")
    return found


def _is_below(name: list[str], wanted: list[str]) -> bool:
    enough = len(name) >= len(wanted)
    return enough and all(fnmatchcase(*pair) for pair in zip(name, wanted, strict=False))
