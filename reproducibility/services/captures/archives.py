"""ZIP archives from strangers: read entry by entry, refused where they are made to do harm."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NoReturn
from zlib import error as Damaged  # noqa: N812 - it is a class

from django.utils.translation import gettext as _

from reproducibility.capture.zip_ends import has_more_entries
from reproducibility.services.captures.gathering import Gathering, is_wanted
from vre_portal.errors import InvalidRequest

FIELD = "file"
#: Bytes of all entries, unpacked; what is not kept is read for its checksum at most.
MOST_BYTES = 4 << 30
#: So many times smaller than its content an entry is no honest one, from a size on.
MOST_RATIO, FROM_BYTES = 250, 1 << 20
BLOCK = 1 << 18
#: Of these a read is bounded; the others unpack a whole block at once, whatever it becomes.
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: A name that is none in its own encoding is damage, too.
DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, Damaged, EOFError, OSError, UnicodeDecodeError,
)  # fmt: skip
ENCRYPTED = 0x1
UTF8_NAME = 0x800
UNIX = 3


def gather(archive: Path, gathering: Gathering) -> None:
    """Take all files of a ZIP.

    Raises
    ------
    InvalidRequest
        It is none, is damaged or encrypted, has too many files or bytes, or names that lead out
        of a folder.
    """
    with archive.open("rb") as stream:
        if has_more_entries(stream, gathering.bounds.files):
            gathering.expect(gathering.bounds.files + 1, FIELD)
    with _readable(archive) as opened:
        entries = _checked(opened, gathering)
        below = _common_folder(list(entries))
        for path, entry in entries.items():
            gathering.add(
                path.removeprefix(below),
                entry.file_size,
                partial(_pieces, opened, entry),
                modified_at=_moment(entry),
            )


@contextmanager
def _readable(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(archive) as opened:
            yield opened
    except DAMAGED as exc:
        _refuse(_("This is no ZIP archive, or a damaged one. Make it anew."), exc)
    except NotImplementedError as exc:
        _refuse(_("The archive is packed in a way that is not read here. Make a plain ZIP."), exc)


def _checked(opened: zipfile.ZipFile, gathering: Gathering) -> dict[str, zipfile.ZipInfo]:
    """Return the files by their paths, after all of them were looked at."""
    gathering.expect(len(opened.infolist()), FIELD)
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in opened.infolist():
        path = _path_of(entry)
        if entry.is_dir() or path.endswith("/") or not is_wanted(path):
            continue
        if _is_link(entry):
            gathering.note(_("%s is a link and is left out.") % path[:80])
            continue
        _check(entry, path)
        if path in found:
            _refuse(_("The archive has %s twice. Make it anew.") % path[:80])
        found[path] = entry
    if sum(entry.file_size for entry in found.values()) > MOST_BYTES:
        _refuse(_("The archive unpacks to more than 4 GiB. Put the data into the data lake."))
    return found


def _check(entry: zipfile.ZipInfo, path: str) -> None:
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")):
        _refuse(_("%s leads out of the archive. Make it with plain paths.") % path[:80])
    if entry.flag_bits & ENCRYPTED:
        _refuse(_("%s is encrypted. Make an archive without a password.") % path[:80])
    if entry.compress_type not in BOUNDED:
        _refuse(_("%s is packed in a way that is not read here. Use the usual one.") % path[:80])
    is_large = entry.file_size > FROM_BYTES
    if is_large and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
        _refuse(_("%s unpacks to far more than it can hold. Leave it out.") % path[:80])


def _path_of(entry: zipfile.ZipInfo) -> str:
    """Return an entry's path; names that claim no encoding are UTF-8 where they can be."""
    name = entry.filename
    if not entry.flag_bits & UTF8_NAME:
        with suppress(UnicodeError):  # an old archive: what the standard says holds
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/").removeprefix("./")


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return entry.create_system == UNIX and stat.S_ISLNK(entry.external_attr >> 16)


def _common_folder(paths: list[str]) -> str:
    """Return the one folder that everything is in, with its slash; empty when there is none."""
    tops = {path.partition("/")[0] for path in paths}
    single = len(tops) == 1 and all("/" in path for path in paths)
    return f"{tops.pop()}/" if single else ""


def _pieces(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with opened.open(entry) as stream:
        while piece := stream.read(BLOCK):
            yield piece


def _moment(entry: zipfile.ZipInfo) -> float | None:
    try:
        return datetime(*entry.date_time).timestamp()  # noqa: DTZ001 - ZIPs know no time zones
    except ValueError:
        return None


def _refuse(text: str, cause: BaseException | None = None) -> NoReturn:
    raise InvalidRequest(text, field=FIELD) from cause
