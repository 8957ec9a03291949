"""The inputs of a run on their way: from the data lake to a work folder to the workspace."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from accounts.credentials import Credential, credential_for
from data_mgmt.backends import get_backend as data_backend
from data_mgmt.services.embargo import check_contents
from reproducibility.backends import Watch, get_backend
from reproducibility.models import Run
from reproducibility.services import inputs
from vre_portal.components.formats import size
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest

SPECIFICATION = "reana.yaml"


@dataclass(frozen=True, slots=True)
class Staged:
    """A file for the workspace: where it belongs, its size in bytes, and how to read it."""

    path: str
    size: int
    content: bytes | Path

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open it for reading."""
        if isinstance(self.content, bytes):
            yield io.BytesIO(self.content)
            return
        with self.content.open("rb") as stream:
            yield stream


def work_folder(run: Run) -> Path:
    """Return the run's folder on this machine."""
    return get_config().work_folder / run.id.hex


def room() -> int:
    """Return how many bytes more this machine takes of what a run gives."""
    config = get_config()
    config.work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return max(0, shutil.disk_usage(config.work_folder).free - config.recorded_spare_bytes)


def clean_up(run: Run) -> None:
    """Remove the run's folder."""
    remove(run.id)


def remove(run_id: UUID) -> None:
    """Remove the folder of a run, which may be gone itself."""
    shutil.rmtree(get_config().work_folder / run_id.hex, ignore_errors=True)


def fetch_inputs(run: Run) -> list[dict[str, Any]]:
    """Fetch every input with the user's own token; each file has the catalogue's checksum.

    Returns
    -------
    list of dict
        Per file: did, path in the workspace, bytes, adler32, verified.
    """
    work_folder(run).mkdir(mode=0o700, parents=True, exist_ok=True)
    credential = credential_for(run.user, inputs.AUDIENCE)
    fetched: list[dict[str, Any]] = []
    left = get_config().run_input_bytes
    for did, folder in inputs.read_by(run):
        check_contents(run.user, did)
        left -= data_backend().get_did(credential, did).bytes or 0
        if left < 0:
            most = size(get_config().run_input_bytes)
            raise InvalidRequest(f"{did}: a run is given at most {most} of data in all.")
        files = data_backend().download(credential, did, work_folder(run) / folder)
        for file in files:
            check_contents(run.user, file.did)  # it may be in another collection, too
        fetched += [
            {
                "did": str(file.did),
                "dataset": str(did),
                "path": str(Path(folder, file.did.name)),
                "bytes": file.bytes,
                "adler32": file.adler32,
                "verified": True,
            }
            for file in files
        ]
    return fetched


def are_here(run: Run) -> bool:
    """Whether this machine still has every fetched input."""
    folder = work_folder(run)
    return all(
        (path := folder / entry["path"]).is_file() and path.stat().st_size == entry["bytes"]
        for entry in run.inputs
    )


def staged_files(run: Run) -> list[Staged]:
    """Return all that the workspace needs: specification, code, inputs."""
    specification = run.version.specification.encode()
    files = [Staged(SPECIFICATION, len(specification), specification)]
    for file in run.version.files.all():
        content = bytes(file.content)
        files.append(Staged(file.path, len(content), content))
    folder = work_folder(run)
    fetched = [
        Staged(entry["path"], entry["bytes"], folder / entry["path"]) for entry in run.inputs
    ]
    return files + fetched


def missing_files(run: Run, credential: Credential) -> list[Staged]:
    """Return what is absent, or of another size, in the workspace."""
    there = get_backend().list_files(credential, run.workflow_id)
    sizes = {file.path: file.size for file in there}
    return [file for file in staged_files(run) if sizes.get(file.path) != file.size]


def upload(run: Run, file: Staged, credential: Credential, progress: Watch) -> None:
    """Put one file into the workspace; `progress` hears how many bytes of it are there."""
    with file.opened() as stream:
        get_backend().upload(
            credential, run.workflow_id, file.path, stream, size=file.size, progress=progress
        )
