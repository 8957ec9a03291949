"""Outputs of a run on their way from its workspace to be compared, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from accounts.credentials import Credential
from reproducibility.backends import BrokenOff, get_backend
from reproducibility.models import KEPT, Run, RunOutput
from reproducibility.services.recorded_files import FULL
from vre_portal.errors import NotFound

#: So often a file is read from its beginning, where its transfer broke and can't go on.
TRIES = 3

#: Called with the bytes of a file that have come so far.
Came = Callable[[int], None]
#: Called with what begins, in words; returns who hears of its bytes.
Watch = Callable[[str], Came]


@dataclass(frozen=True, slots=True)
class Fetched:
    """An output: its checksum and size in bytes, and where it lies unless it is too large."""

    sha256: str
    size: int
    path: Path | None


def unwatched(_words: str) -> Came:
    """Let nobody hear of it."""
    return lambda _size: None


def fetch(
    run: Run, path: str, credential: Credential, *, to: Path, most: int, came: Came
) -> Fetched | None:
    """Read an output of a run to its end, and keep it in a file when it has at most `most` bytes.

    What may be shown is kept beside the run, too. None where the run gave no such file.
    """
    get = partial(get_backend().download, credential, run.workflow_id, path)
    try:
        found = _tried(partial(_read_as_far_as_fits, get, came, to=to, most=most))
    except NotFound:
        return None
    content = found.path.read_bytes() if found.path and found.size <= KEPT else b""
    RunOutput.objects.update_or_create(
        run=run,
        path=path,
        defaults={"content": content, "sha256": found.sha256, "size": found.size},
    )
    return found


def _tried(whole: Callable[[], Fetched]) -> Fetched:
    for _ in range(TRIES - 1):
        try:
            return whole()
        except BrokenOff:
            continue
    return whole()


def _read_as_far_as_fits(
    get: Callable[[], Iterable[bytes]], came: Came, *, to: Path, most: int
) -> Fetched:
    try:
        return read(_told(get(), came), to=to, most=most)
    except OSError as exc:
        if exc.errno not in FULL or most <= KEPT:
            raise
    # Others filled the disk meanwhile: its checksum can still be had.
    return read(_told(get(), came), to=to, most=KEPT)


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


def _told(pieces: Iterable[bytes], came: Came) -> Iterator[bytes]:
    """Pass pieces on, and tell how many bytes they are so far."""
    size = 0
    for piece in pieces:
        size += len(piece)
        yield piece
        came(size)
