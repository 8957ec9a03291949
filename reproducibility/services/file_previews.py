"""Previews of what runs gave, and of recorded outputs: by the workers of the data lake's files."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Reader
from data_mgmt.services import previews
from data_mgmt.services.previews import Answer, Subject
from reproducibility.models import RecordedOutput, RunOutput
from reproducibility.services import run_contents
from reproducibility.services.analyses import visible_versions
from reproducibility.services.outputs import content_of, recorded_output, run_output
from reproducibility.services.run_contents import Content
from reproducibility.services.runs import find_run
from vre_portal.errors import InvalidRequest, NotFound, UpstreamUnavailable

TASK = "reproducibility.make_preview"
MAX_READ = 16 << 20
RUN, KEPT, RECORDED = "run", "kept", "recorded"
Output = RunOutput | RecordedOutput


class WorkspaceFile:
    """A file of a run's workspace, read by ranges."""

    def __init__(self, content: Content) -> None:
        self._content = content

    @property
    def size(self) -> int:
        """How many bytes it had when it was looked at."""
        return self._content.entry.size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range; raises `UpstreamUnavailable` for a file that changed."""
        length = min(length, self.size - offset, MAX_READ)
        if offset < 0 or length <= 0:
            return b""
        found = bytearray()
        with closing(_closable(self._content.opened(offset))) as pieces:
            for piece in pieces:
                found += piece
                if len(found) >= length:
                    break
        if len(found) < length:
            raise UpstreamUnavailable(_("The file changed while it was read. Try again."))
        return bytes(found[:length])


class KeptFile:
    """An output that is kept here, read by ranges."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self._content)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range."""
        return self._content[offset : offset + length] if offset >= 0 else b""


class FileOnDisk:
    """A recorded output that is a file, read by ranges."""

    def __init__(self, path: Path, size: int) -> None:
        self._path, self._size = path, size

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range; raises `NotFound` for a file that has gone meanwhile."""
        if offset < 0:
            return b""
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                return file.read(min(length, MAX_READ))
        except FileNotFoundError as exc:
            raise NotFound(_("This output is not kept here any more.")) from exc


def of_run(content: Content, options: Options) -> Answer:
    """Return the preview of a file of a run's workspace, or have it made."""
    return previews.of_subject(content.run.user, _in_workspace(content), options)


def of_kept(user: User, output: RunOutput, options: Options) -> Answer:
    """Return the preview of an output that is kept here, or have it made."""
    return previews.of_subject(user, _held(KEPT, output.run_id, output), options)


def of_recorded(user: User, output: RecordedOutput, options: Options) -> Answer:
    """Return the preview of a recorded output, or have it made.

    Raises
    ------
    InvalidRequest
        Only its checksum is kept here.
    """
    try:
        content_of(output)
    except NotFound as exc:
        raise InvalidRequest(exc.message) from exc
    return previews.of_subject(user, _held(RECORDED, output.version_id, output), options)


def make(user_id: UUID, where: str, options: Options, key: str) -> None:
    """Make one preview of a kind, an id and a path; raises `Busy` where there is no place now."""
    kind, found, path = where.split("/", 2)

    def opened(user: User) -> tuple[Reader, str]:
        subject, reader = _found(user, kind, found, path)
        if previews.key_of(subject, options) != key:
            raise UpstreamUnavailable(_("The file changed meanwhile. Look at it again."))
        return reader, path.rpartition("/")[2]

    previews.make_of(user_id, key, options, opened)


def _found(user: User, kind: str, key: str, path: str) -> tuple[Subject, Reader]:
    if kind == RUN:
        content = run_contents.content(user, key, path)
        return _in_workspace(content), WorkspaceFile(content)
    output = _output(user, kind, key, path)
    return _held(kind, key, output), _reader(output)


def _reader(output: Output) -> Reader:
    content = content_of(output)
    return KeptFile(content) if isinstance(content, bytes) else FileOnDisk(content, output.size)


def _output(user: User, kind: str, key: str, path: str) -> Output:
    if kind == KEPT:
        return run_output(find_run(user, key), path)
    version = visible_versions(user).filter(pk=key).first()
    if version is None:
        raise NotFound(_("There is no such analysis, or it is not published."))
    return recorded_output(version, path)


def _in_workspace(content: Content) -> Subject:
    """Return what is looked at: this person's file, as long as it has the same size and checksum.

    While the run goes on it may be written again, so that what ended is another version.
    """
    run, entry = content.run, content.entry
    version = (RUN, str(run.user_id), str(run.pk), entry.path, entry.size, entry.sha256,
               str(run.finished_at))  # fmt: skip
    return Subject(entry.size, version, TASK, (f"{RUN}/{run.pk}/{entry.path}",))


def _held(kind: str, key: object, output: Output) -> Subject:
    """Return an output that is kept here: the same bytes are looked at once for everybody.

    The name is a part of it, since formats are told by it, too.
    """
    version = ("output", output.path, output.size, output.sha256)
    return Subject(output.size, version, TASK, (f"{kind}/{key}/{output.path}",))


def _closable(pieces: Iterator[bytes]) -> Generator[bytes]:
    """Return the pieces as a generator, which closes what it reads when it is closed."""
    yield from pieces
