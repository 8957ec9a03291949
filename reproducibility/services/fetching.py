"""Outputs of a run on their way from its workspace to be compared, within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from accounts.credentials import Credential
from reproducibility.backends import get_backend
from reproducibility.models import KEPT, Run, RunOutput
from vre_portal.errors import NotFound


@dataclass(frozen=True, slots=True)
class Fetched:
    """An output: its checksum and size in bytes, and where it lies unless it is too large."""

    sha256: str
    size: int
    path: Path | None


def fetch(run: Run, path: str, credential: Credential, *, to: Path, most: int) -> Fetched | None:
    """Read an output of a run to its end, and keep it in a file when it has at most `most` bytes.

    What may be shown is kept beside the run, too. None where the run gave no such file.
    """
    try:
        pieces = get_backend().download(credential, run.workflow_id, path)
        found = read(pieces, to=to, most=most)
    except NotFound:
        return None
    content = found.path.read_bytes() if found.path and found.size <= KEPT else b""
    RunOutput.objects.update_or_create(
        run=run,
        path=path,
        defaults={"content": content, "sha256": found.sha256, "size": found.size},
    )
    return found


def read(pieces: Iterable[bytes], *, to: Path, most: int) -> Fetched:
    """Read pieces to their end into a file, of which nothing stays when they are too many."""
    digest, size = sha256(), 0
    with to.open("wb") as stream:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            if size <= most:
                stream.write(piece)
    if size > most:
        to.unlink()
    return Fetched(digest.hexdigest(), size, None if size > most else to)
