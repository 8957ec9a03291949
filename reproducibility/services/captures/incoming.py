"""ZIPs that people hand in, on the disk that all workers share until one has read them."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from data_mgmt.services import staging
from vre_portal.components.formats import size
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, NoRoom

FIELD = "file"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
#: One that nobody has asked to be read for so long is nobody's any more, seconds.
STRAY_SECONDS = 24 * 3600


class NoRoomForArchive(NoRoom):
    """The portal's disk has no room for an archive at the moment; names its field."""

    def __init__(self) -> None:
        words = _("The portal's disk has no room for this archive now. Try again later, or send a "
                  "smaller one.")  # fmt: skip
        super().__init__(words)

    def members(self) -> dict[str, Any]:
        """Name the field."""
        return {"field": FIELD}


class Incoming:
    """An archive on its way to the disk; `key` is its name there."""

    def __init__(self, *, size: int = 0) -> None:
        """Begin an archive of at most so many bytes, as far as its sender tells.

        Raises
        ------
        NoRoomForArchive
            The disk has no room for it beside what it spares.
        """
        self.key = str(uuid4())
        self._size = 0
        for stray in _strays():
            remove(stray)
        _must_have_room(min(size, get_config().capture_archive_bytes))
        self._file: BinaryIO = path_of(self.key).open("xb")

    def add(self, data: bytes) -> None:
        """Write a piece.

        Raises
        ------
        InvalidRequest
            It is larger than this site takes.
        NoRoomForArchive
            The disk is full, or has no more than what it spares.
        """
        self._size += len(data)
        most = get_config().capture_archive_bytes
        if self._size > most:
            words = _("The archive has more than %s. Put the data into the data lake, and leave it "
                      "out of the archive.")  # fmt: skip
            raise InvalidRequest(words % size(most), field=FIELD)
        _must_have_room(len(data))  # others write, too, since it was asked for all of this
        try:
            self._file.write(data)
        except OSError as exc:
            if exc.errno not in FULL:
                raise
            raise NoRoomForArchive from exc

    def end(self) -> str:
        """Close the file and return its key."""
        self._file.close()
        return self.key

    def give_up(self) -> None:
        """Remove what came."""
        with suppress(OSError):
            self._file.close()
        remove(self.key)


def path_of(key: str) -> Path:
    """Return where an archive is; raises ValueError for what is no key."""
    folder = staging.folder() / "captures"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{UUID(key)}.zip"


def is_here(key: object) -> bool:
    """Whether an archive was handed in under a key."""
    try:
        return path_of(str(key)).is_file()
    except ValueError:
        return False


def remove(key: str) -> None:
    """Remove an archive, if it is there."""
    with suppress(ValueError):
        path_of(key).unlink(missing_ok=True)


def _must_have_room(size: int) -> None:
    if staging.free() < size:
        raise NoRoomForArchive


def _strays() -> Iterator[str]:
    before = time.time() - STRAY_SECONDS
    for path in path_of(str(uuid4())).parent.glob("*.zip"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                yield path.stem
