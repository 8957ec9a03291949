"""The ZIP of a crate: its files are known beforehand, and read while it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from django.db.models.functions import Length

from accounts.models import User
from reproducibility.crate.metadata import metadata_of
from reproducibility.crate.terms import METADATA, SPECIFICATION
from reproducibility.crate.values import CodeFile, Output
from reproducibility.models import AnalysisFile, AnalysisVersion, RecordedOutput
from reproducibility.services import recorded_files
from reproducibility.services.analyses import find_analysis, find_version
from reproducibility.services.crates.contents import contents_of
from vre_portal.zip_out import ZipOut, length_of

#: The crate has its own files of these names; an analysis's are left out.
OURS = (METADATA, SPECIFICATION)
PIECE = 1 << 18

Reader = Callable[[], Iterable[bytes]]


class Damaged(Exception):
    """A kept file is not what was recorded: the ZIP ends in its middle, and no program takes it."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a crate's ZIP; size in bytes."""

    path: str
    size: int
    sha256: str
    read: Reader = field(repr=False)


@dataclass(frozen=True, slots=True)
class Package:
    """A crate that can be sent: the same version with the same verdicts gives the same bytes."""

    name: str
    members: tuple[Member, ...]

    @property
    def length(self) -> int:
        """How many bytes the ZIP has."""
        return length_of((member.path, member.size) for member in self.members)


def package(user: User, key: UUID | str, number: str = "") -> Package:
    """Return the crate of a version that somebody may see, the newest where no number is given.

    Raises
    ------
    NotFound
        There is no such analysis or version, or they may not see it.
    """
    analysis = find_analysis(user, key)
    version = find_version(user, analysis, number)
    files = _files(version)
    outputs = list(_outputs(version))
    contents = contents_of(
        analysis,
        version,
        files=tuple(CodeFile(each.path, each.size, each.sha256) for each in files),
        outputs=tuple(output for output, _member in outputs),
    )
    written = {METADATA: metadata_of(contents), SPECIFICATION: contents.specification}
    written |= {extra.path: extra.content for extra in contents.extras}
    own = (_in_memory(path, content) for path, content in written.items())
    held = (member for _output, member in outputs if member is not None)
    return Package(f"{analysis.slug}-{version.number}.crate", (*own, *files, *held))


def pieces(package: Package) -> Iterator[bytes]:
    """Yield the ZIP; no more than one file of the database is in memory at a time.

    Raises
    ------
    Damaged
        A file is gone, or has another checksum than was recorded.
    """
    with ZipOut() as out:
        for member in package.members:
            yield out.begin(member.path)
            for piece in _verified(member):
                yield out.add(piece)
            yield out.end()
        yield out.close()


def _verified(member: Member) -> Iterator[bytes]:
    digest, size = sha256(), 0
    for piece in member.read():
        digest.update(piece)
        size += len(piece)
        if size > member.size:
            break
        yield piece
    if (digest.hexdigest(), size) != (member.sha256, member.size):
        raise Damaged(f"{member.path} is not what was recorded.")


def _in_memory(path: str, content: bytes) -> Member:
    return Member(path, len(content), sha256(content).hexdigest(), lambda: (content,))


def _files(version: AnalysisVersion) -> tuple[Member, ...]:
    rows = version.files.exclude(path__in=OURS).annotate(bytes=Length("content"))
    return tuple(
        Member(path, size, checksum, partial(_content_of, AnalysisFile, pk))
        for pk, path, checksum, size in rows.values_list("pk", "path", "sha256", "bytes")
    )


def _outputs(version: AnalysisVersion) -> Iterator[tuple[Output, Member | None]]:
    """Yield the recorded outputs, each with its file where more than its checksum is kept.

    One that is a file of the analysis, too, is in the crate already.
    """
    there = {*version.files.values_list("path", flat=True), *OURS}
    rows = version.outputs.annotate(held=Length("content"))
    told = rows.values_list("pk", "path", "size", "sha256", "tolerance", "held")
    for pk, path, size, checksum, tolerance, held in told:
        read = None if path in there else _reader(pk, size, checksum, held)
        member = Member(path, size, checksum, read) if read else None
        is_here = member is not None or path in there
        yield Output(path, size, checksum, tolerance, held=is_here), member


def _reader(pk: int, size: int, checksum: str, held: int) -> Reader | None:
    if held == size:
        return partial(_content_of, RecordedOutput, pk)
    path = recorded_files.find(checksum, size)
    return partial(_file_pieces, path) if path else None


def _content_of(model: type[AnalysisFile | RecordedOutput], pk: int) -> Iterator[bytes]:
    rows = model._default_manager.filter(pk=pk)
    content = rows.values_list("content", flat=True).first()
    if content is None:
        raise Damaged("The analysis was deleted meanwhile.")
    yield bytes(content)


def _file_pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
    except OSError as exc:
        raise Damaged("A recorded output is gone.") from exc
