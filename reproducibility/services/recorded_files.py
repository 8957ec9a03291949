"""Recorded outputs that the database has no room for: files of a folder, named by their checksum.

A file is written under another name, verified, and renamed, so that what has its name was whole. It
goes when no version names it any more.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp

from django.utils.translation import gettext as _

from reproducibility.models import RecordedOutput
from vre_portal.components.formats import size as in_words
from vre_portal.config import get_config
from vre_portal.errors import NoRoom

log = logging.getLogger(__name__)

BLOCK = 1 << 20
#: A file without a version is left alone for so long: the one that is to name it may be on its way.
SPARED_SECONDS = 24 * 3600.0
#: Files that are on their way lie here, and count.
COMING, LOCK = "coming", "lock"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NAME = re.compile(r"[0-9a-f]{64}")
#: Checksums that one question to the database names.
ASKED_AT_ONCE = 500


def folder() -> Path:
    """Return the folder, which may not be there yet."""
    config = get_config()
    return config.recorded_folder or config.work_folder / "recorded"


def find(checksum: str, size: int) -> Path | None:
    """Return the file with a SHA-256 and a size in bytes; None when it is not here as a whole.

    Its bytes are not read: whoever compares them knows their checksum then.
    """
    path = _path(checksum)
    try:
        told = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return path if stat.S_ISREG(told.st_mode) and told.st_size == size else None


def keep(source: Path, checksum: str, size: int) -> None:
    """Keep a copy of a file, unless one is here already.

    Raises
    ------
    NoRoom
        It is larger than the site keeps, the folder is full, or nothing can be written there.
    """
    if size > get_config().recorded_file_bytes:
        raise NoRoom(_too_large())
    try:
        with _alone():
            if find(checksum, size):
                os.utime(_path(checksum))  # as good as new: what is to name it may come later
                return
            part = _claimed(size)
        _fill(part, source, checksum, size)
    except OSError as exc:
        if exc.errno in FULL:
            raise NoRoom(_no_room()) from exc
        log.exception("%s can't be kept", checksum)
        words = _("The folder for recorded outputs can't be written. Ask the operators.")
        raise NoRoom(words) from exc


def kept(source: Path, checksum: str, size: int) -> bool:
    """Keep a copy of a file where there is room; whether it is here then."""
    try:
        keep(source, checksum, size)
    except NoRoom as exc:
        log.warning("%s (%s) is not kept: %s", checksum, in_words(size), exc.message)
        return False
    return True


def discard(checksum: str) -> None:
    """Remove a file that was found damaged; the next run that gives it brings it back."""
    log.error("recorded output %s was damaged and is removed", checksum)
    with _alone():
        _path(checksum).unlink(missing_ok=True)


def room() -> int:
    """Return how many bytes more the folder may hold; none where it can't be made."""
    config = get_config()
    try:
        free = shutil.disk_usage(_made(folder())).free - config.recorded_spare_bytes
        left = config.recorded_bytes - sum(size for _path, size, _touched in _files())
    except OSError:
        return 0
    return max(0, min(left, free))


def why_absent(size: int, left: int) -> str:
    """Return why an output of so many bytes is not here, where there is room for `left` more."""
    if size > get_config().recorded_file_bytes:
        return _too_large()
    if size > left:
        return _no_room()
    return _(
        "Only its checksum is kept here. The next run that gives the same file brings it back."
    )


def sweep() -> None:
    """Remove the files that no version names, and what was left half written."""
    before = time.time() - SPARED_SECONDS
    old = [path for path, _size, touched in _files() if touched < before]
    for path in old:
        if path.parent.name == COMING:
            path.unlink(missing_ok=True)
    files = [path for path in old if NAME.fullmatch(path.name)]
    for first in range(0, len(files), ASKED_AT_ONCE):
        _sweep(files[first : first + ASKED_AT_ONCE], before)


def _sweep(files: list[Path], before: float) -> None:
    rows = RecordedOutput.objects.filter(sha256__in=[path.name for path in files])
    named = set(rows.values_list("sha256", flat=True))
    for path in files:
        if path.name not in named:
            _remove(path, before)


def _remove(path: Path, before: float) -> None:
    """Remove a file unless it was kept anew since its name was looked up."""
    with _alone(), suppress(FileNotFoundError):
        if path.stat().st_mtime < before:
            path.unlink()


def _path(checksum: str) -> Path:
    return folder() / checksum[:2] / checksum


def _made(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _files() -> Iterator[tuple[Path, int, float]]:
    """Yield every file with its size in bytes and when it was touched."""
    for each in folder().glob("*/*"):
        try:
            told = each.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield each, told.st_size, told.st_mtime


@contextmanager
def _alone() -> Iterator[None]:
    """Be the only one, over all processes, that looks for room or removes."""
    _made(folder())
    lock = os.open(folder() / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _claimed(size: int) -> Path:
    """Return an empty file that takes up its room already."""
    if size > room():
        raise NoRoom(_no_room())
    descriptor, name = mkstemp(dir=_made(folder() / COMING))
    try:
        os.ftruncate(descriptor, size)
    finally:
        os.close(descriptor)
    return Path(name)


def _fill(part: Path, source: Path, checksum: str, size: int) -> None:
    """Copy a file into what was claimed for it, and give it its name once it is verified."""
    try:
        with source.open("rb") as given, part.open("r+b") as written:
            digest, came = sha256(), 0
            while block := given.read(BLOCK):
                digest.update(block)
                came += written.write(block)
            written.flush()
            os.fsync(written.fileno())
        if (digest.hexdigest(), came) != (checksum, size):
            raise OSError(errno.EIO, "the file is not the one that was to be kept")
        part.replace(_made(_path(checksum).parent) / checksum)
        _settle(_path(checksum).parent)
    finally:
        part.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    """Have a folder's names on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _too_large() -> str:
    most = in_words(get_config().recorded_file_bytes)
    return _("Only its checksum is kept here: it is larger than %s.") % most


def _no_room() -> str:
    return _("Only its checksum is kept here: the folder for recorded outputs is full.")
