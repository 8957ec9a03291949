"""A workflow service in memory whose files are read from any byte on, and break off when told."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.credentials import Credential
from tests.fakes.workflow_state import Killed
from tests.fakes.workflows import FakeWorkflows
from vre_portal.errors import UpstreamUnavailable

PIECE = 1000


class FakeWorkspaces(FakeWorkflows):
    """Gives files in pieces; every so many of them it breaks off, or the worker is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.breaks_after: int | None = None
        self.kills_after: int | None = None
        #: (path, offset) of every download, and how many of them are being read.
        self.downloads: list[tuple[str, int]] = []
        self.pieces = self.open = 0

    def download(
        self, credential: Credential, workflow_id: str, path: str, offset: int = 0
    ) -> Iterator[bytes]:
        content = b"".join(super().download(credential, workflow_id, path, offset))
        self.downloads.append((path, offset))
        return self._pieces(content)

    def _pieces(self, content: bytes) -> Iterator[bytes]:
        self.open += 1
        try:
            for number, at in enumerate(range(0, len(content), PIECE)):
                if number == self.breaks_after:
                    raise UpstreamUnavailable("REANA broke off. Try again.", service="reana")
                if number == self.kills_after:
                    raise Killed
                self.pieces += 1
                yield content[at : at + PIECE]
        finally:
            self.open -= 1
