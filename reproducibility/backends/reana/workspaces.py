"""Files of a workflow of REANA: put, listed, read, packed, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO
from urllib.parse import quote

import requests

from accounts.credentials import Credential
from reproducibility.backends.reana import parsing, rest, resuming
from reproducibility.backends.reana.refusals import NAME, SERVICE
from reproducibility.backends.reana.rest import TRANSFER_SECONDS, workflow_path
from reproducibility.backends.reana.uploading import Body, length_of
from reproducibility.backends.values import Removed, WorkspaceFile
from reproducibility.backends.workspaces import Watch
from vre_portal.errors import Conflict, InvalidRequest, NotFound

PAGE = 500
#: A list that does not end is no list: a run may make any number of files.
MOST_FILES = 50_000
ZIP = "application/zip"


class WorkspacesPart:
    """See `reproducibility.backends.workspaces.Workspaces`."""

    #: How a transfer that broke passes the seconds until it goes on.
    wait: Callable[[float], None]

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
        """Stream one file; REANA has no resume, so a broken upload starts again."""
        total = length_of(content) if size is None else size
        rest.told(
            credential,
            "POST",
            workflow_path(workflow_id, "workspace"),
            params={"file_name": path},
            # An empty iterable would be sent in chunks, without the length that REANA wants.
            data=Body(content, total, progress) if total else b"",
            headers={"Content-Type": "application/octet-stream"},
            timeout=TRANSFER_SECONDS,
            send_seconds=TRANSFER_SECONDS,
        )

    def list_files(self, credential: Credential, workflow_id: str) -> tuple[WorkspaceFile, ...]:
        """Read every page of the workspace."""
        files: list[WorkspaceFile] = []
        number, more = 1, True
        while more:
            query = {"page": number, "size": PAGE}
            where = workflow_path(workflow_id, "workspace")
            rows = parsing.rows(rest.fields(credential, "GET", where, params=query))
            files += map(parsing.file, rows)
            number, more = number + 1, len(rows) == PAGE
            if len(files) > MOST_FILES:
                words = f"The workspace has more than {MOST_FILES:,} files: look at it at REANA."
                raise Conflict(words, service=SERVICE)
        return tuple(files)

    def download(
        self, credential: Credential, workflow_id: str, path: str, offset: int = 0
    ) -> Iterator[bytes]:
        """Stream one file; of a server that knows no ranges the beginning is dropped."""
        ask = partial(_read, credential, workflow_id, path)
        return resuming.pieces(ask(offset), offset, ask, wait=self.wait)

    def archive(self, credential: Credential, workflow_id: str, path: str = "*") -> Iterator[bytes]:
        """Stream the ZIP that REANA makes of everything but a single file."""
        answer = _read(credential, workflow_id, path)
        if not answer.headers.get("Content-Type", "").startswith(ZIP):
            answer.close()
            raise InvalidRequest(f"{path} is a single file: download it.", service=SERVICE)
        return rest.pieces(answer)

    def remove_files(self, credential: Credential, workflow_id: str, path: str) -> Removed:
        """Remove what a path or glob matches."""
        told = rest.fields(credential, "DELETE", _file_path(workflow_id, path))
        done = parsing.removed(told)
        if not done.files and not done.failed:
            raise NotFound(f"{NAME} has no file {path} in this workspace.", service=SERVICE)
        return done

    def disk_usage(self, credential: Credential, workflow_id: str) -> int:
        """Ask for the sum; REANA wants that in the body of a GET."""
        where = workflow_path(workflow_id, "disk_usage")
        return parsing.usage_of_disk(
            rest.fields(credential, "GET", where, json={"summarize": True})
        )


def _read(
    credential: Credential, workflow_id: str, path: str, offset: int = 0, tag: str = ""
) -> requests.Response:
    # Packed answers would count their own bytes, not the file's.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
    headers |= {"If-Range": tag} if offset and tag else {}
    where = _file_path(workflow_id, path)
    return rest.ask(
        credential, "GET", where, headers=headers, stream=True, timeout=TRANSFER_SECONDS
    )


def _file_path(workflow_id: str, path: str) -> str:
    # What is sent as ".." would be taken for a step up, to another call of REANA's.
    if not path or {".", ".."} & set(path.split("/")):
        raise InvalidRequest(f"{path!r} is no path in a workspace.", service=SERVICE)
    return workflow_path(workflow_id, "workspace", quote(path, safe="/"))
