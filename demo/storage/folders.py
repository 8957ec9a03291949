"""The storages' folders as WebDAV sees them: a file arrives whole or not at all, and once."""

from __future__ import annotations

import errno
import shutil
import sys
import uuid
from pathlib import Path
from typing import Any, BinaryIO

from wsgidav.dav_error import (
    HTTP_BAD_REQUEST,
    HTTP_FORBIDDEN,
    HTTP_INSUFFICIENT_STORAGE,
    HTTP_PRECONDITION_FAILED,
    DAVError,
)
from wsgidav.fs_dav_provider import FileResource, FilesystemProvider, FolderResource

from demo.storage.writers import Writers

SPARE_BYTES = 1_000_000_000
BUFFER = 1 << 20
SUBJECT = "storage.subject"


class File(FileResource):  # type: ignore[misc]  # the library has no types
    """A file that only its writer may replace, remove or rename, and only for a while."""

    arriving_as: Path | None = None

    @property
    def place(self) -> Path:
        """Where it lies."""
        return Path(self._file_path)

    def begin_write(self, *, content_type: str | None = None) -> BinaryIO:
        """Open a part file beside the target, once there is room and a right to write."""
        self._check()
        length = int(self.environ.get("CONTENT_LENGTH") or 0)
        folder = self.place.parent
        if shutil.disk_usage(folder).free - length < SPARE_BYTES:
            raise DAVError(HTTP_INSUFFICIENT_STORAGE)
        # The target's name may be as long as names can be.
        self.arriving_as = folder / f".{uuid.uuid4().hex}.part"
        return self.arriving_as.open("xb", BUFFER)

    def end_write(self, *, with_errors: bool) -> None:
        """Put the part file in the target's place when all of it has come."""
        part, self.arriving_as = self.arriving_as, None
        if part is None:
            return
        try:
            if with_errors:
                _tell_of_a_full_disk()
                return  # the caller tells what it was
            announced = self.environ.get("CONTENT_LENGTH")
            if announced and part.stat().st_size != int(announced):
                raise DAVError(HTTP_BAD_REQUEST)
            self._put(part)
        finally:
            part.unlink()
        self.provider.writers.note(self._mark(), self.environ[SUBJECT])

    def delete(self) -> None:
        """Remove the file."""
        self._check()
        super().delete()
        self.provider.writers.forget(self._mark())

    def move_recursive(self, dest_path: str) -> None:
        """Rename the file; the target must not be there."""
        self._check()
        _link(self.place, Path(self.provider._loc_to_file_path(dest_path, self.environ)))
        self.place.unlink()
        self.provider.writers.forget(self._mark())
        self.provider.writers.note(dest_path, self.environ[SUBJECT])

    def get_content(self) -> BinaryIO:
        """Open the file for reading; the caller reads in blocks of its own."""
        return self.place.open("rb", buffering=0)

    def _put(self, part: Path) -> None:
        """Give the part its name; its first one goes after this, whatever comes of it."""
        if self.provider.writers.may_change(self._mark(), self.environ[SUBJECT]):
            second = part.with_suffix(".new")
            second.hardlink_to(part)
            second.replace(self.place)
        else:
            _link(part, self.place)

    def _check(self) -> None:
        if not self.provider.writers.may_change(self._mark(), self.environ[SUBJECT]):
            raise DAVError(HTTP_PRECONDITION_FAILED)

    def _mark(self) -> str:
        return str(self.path)


class NewFile(File):
    """A file that is not there yet: whoever asks first may write it."""

    def __init__(self, path: str, environ: dict[str, Any], file_path: str) -> None:
        super().__init__(path, environ, str(Path(file_path).parent))
        self._file_path = file_path

    def _check(self) -> None:
        """Nothing stands in the way; the place itself is taken at the end, by one of several."""

    def get_etag(self) -> str:
        """Return the tag of what has arrived."""
        self.file_stat = self.place.stat()
        return str(super().get_etag())


class Folder(FolderResource):  # type: ignore[misc]  # the library has no types
    """A folder: members may be added, and the folder itself neither removed nor moved."""

    def create_empty_resource(self, name: str) -> NewFile:
        """Announce a file; nothing is there before all of it is."""
        path = f"{self.path.rstrip('/')}/{name}"
        return NewFile(path, self.environ, self.provider._loc_to_file_path(path, self.environ))

    def handle_delete(self) -> bool:
        """Refuse: others' files may lie in it."""
        raise DAVError(HTTP_FORBIDDEN)

    def handle_move(self, dest_path: str) -> bool:
        """Refuse: others' files may lie in it."""
        raise DAVError(HTTP_FORBIDDEN)


class Folders(FilesystemProvider):  # type: ignore[misc]  # the library has no types
    """One storage's folder, and who wrote what in it."""

    def __init__(self, folder: str, writers: Writers) -> None:
        super().__init__(folder, fs_opts={"follow_symlinks": False})
        self.writers = writers

    def get_resource_inst(self, path: str, environ: dict[str, Any]) -> File | Folder | None:
        """Return what lies at a path; None where nothing does."""
        place = self._loc_to_file_path(path, environ)
        if Path(place).is_dir():
            return Folder(path, environ, place)
        return File(path, environ, place) if Path(place).is_file() else None


def _tell_of_a_full_disk() -> None:
    fault = sys.exc_info()[1]
    if isinstance(fault, OSError) and fault.errno in {errno.ENOSPC, errno.EDQUOT}:
        raise DAVError(HTTP_INSUFFICIENT_STORAGE) from fault


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, which nobody can do twice."""
    try:
        target.hardlink_to(source)
    except FileExistsError as exc:
        raise DAVError(HTTP_PRECONDITION_FAILED) from exc
