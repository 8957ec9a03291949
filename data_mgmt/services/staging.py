"""The disk where uploads wait: one file an upload, whose length is what has come."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from uuid import UUID

from django.utils.translation import gettext as _

from vre_portal.config import get_config
from vre_portal.errors import Locked, NoRoom

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
BLOCK = 1 << 20
#: Beside a file whose last piece is not compared with its checksum yet: where that piece begins.
UNSURE = ".unsure"


def folder() -> Path:
    """Return the folder, made for the portal's account alone."""
    config = get_config()
    found = config.upload_folder or config.work_folder / "uploads"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def path_of(upload_id: UUID) -> Path:
    """Return the file of an upload."""
    return folder() / str(upload_id)


def offset_of(upload_id: UUID) -> int:
    """Return how many bytes are here for good; none when there is no file."""
    path = path_of(upload_id)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return 0
    try:
        return min(size, int(path.with_suffix(UNSURE).read_text()))
    except (FileNotFoundError, ValueError):
        return size


def make(upload_id: UUID) -> None:
    """Make the empty file of a new upload."""
    try:
        path_of(upload_id).touch(mode=0o600)
    except OSError as exc:
        raise told(exc) from exc


def remove(upload_id: UUID) -> None:
    """Remove the file of an upload, if there is one."""
    path = path_of(upload_id)
    path.unlink(missing_ok=True)
    path.with_suffix(UNSURE).unlink(missing_ok=True)


def free() -> int:
    """Return the bytes that are free on the disk, but for what is spared."""
    return shutil.disk_usage(folder()).free - get_config().upload_spare_bytes


def strays(*, older_than: float) -> Iterator[UUID]:
    """Yield the uploads of files that nobody has touched for so many seconds."""
    for path in folder().iterdir():
        try:
            upload_id, touched = UUID(path.stem), path.stat().st_mtime
        except (ValueError, FileNotFoundError):
            continue
        if time.time() - touched > older_than:
            yield upload_id


def told(fault: OSError) -> NoRoom | OSError:
    """Return a full disk in the portal's own words, any other fault as it is."""
    if fault.errno not in FULL:
        return fault
    return NoRoom(
        _("The portal's disk for uploads is full. What has come is kept: go on a little later.")
    )


class Piece:
    """An upload's file, locked for one writer, who adds to its end."""

    def __init__(self, upload_id: UUID) -> None:
        self._path = path_of(upload_id)
        # A request may end while a thread still writes for it: the number must not be another's.
        self._alone = Lock()
        self._unsure = self._path.with_suffix(UNSURE)
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # The kernel lets go of it when the process dies, however it dies.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(self._file)
            words = _("Another request sends to this upload. Wait until it has ended.")
            raise Locked(words) from exc
        # What a killed writer left uncompared goes; now nobody else writes.
        self.offset = offset_of(upload_id)
        os.ftruncate(self._file, self.offset)
        self._unsure.unlink(missing_ok=True)
        os.lseek(self._file, self.offset, os.SEEK_SET)

    def doubt(self) -> None:
        """Count what comes from here on only once it is trusted."""
        self._unsure.write_text(str(self.offset))

    def trust(self) -> None:
        """Count all that has come."""
        os.fsync(self._file)
        self._unsure.unlink(missing_ok=True)

    def add(self, data: bytes) -> None:
        """Write at the end; raises `NoRoom` when the disk is full, and keeps what fitted."""
        rest = memoryview(data)
        with self._alone:
            try:
                while rest:
                    count = os.write(self._file, rest)
                    self.offset += count
                    rest = rest[count:]
            except OSError as exc:
                raise told(exc) from exc

    def cut(self, offset: int) -> None:
        """Forget what came behind an offset."""
        os.ftruncate(self._file, offset)
        os.lseek(self._file, offset, os.SEEK_SET)
        self.offset = offset
        self._unsure.unlink(missing_ok=True)

    def close(self) -> None:
        """Have all on disk, and let others write."""
        with self._alone:
            file, self._file = self._file, -1
            try:
                os.fsync(file)
            finally:
                os.close(file)
