"""Opens files of a workspace without ever leaving it.

The code of a run writes the workspace and may race us with symbolic links, so no path is checked
first and opened later: each component is opened below the last one and no link is followed.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from demo.reana.errors import Malformed, NotFound

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: NONBLOCK, because opening a pipe that a run made would wait for its writer.
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def parts_of(name: str) -> tuple[str, ...]:
    """Return the components of a path in a workspace; a slash at its start means its top.

    Raises
    ------
    Malformed
        The path is empty, climbs with `..`, or holds a null character.
    """
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if not parts or ".." in parts or "\0" in name:
        raise Malformed(f"{name!r} is not a path inside the workspace.")
    return parts


@contextmanager
def open_folder(
    root: Path, parts: tuple[str, ...], *, make_for: int | None = None
) -> Iterator[int]:
    """Open a folder below `root` as a descriptor; with `make_for`, missing ones are made."""
    descriptor = os.open(root, FOLDER)
    try:
        for part in parts:
            if make_for is not None:
                _make_folder(part, descriptor, owner=make_for)
            inner = _open_below(part, FOLDER, descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(root: Path, name: str) -> int:
    """Return a descriptor of a regular file of the workspace, for reading."""
    *folders, last = parts_of(name)
    with open_folder(root, tuple(folders)) as folder:
        descriptor = _open_below(last, FILE, folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotFound(f"{name} is not a file of the workspace.")
    return descriptor


def put_file(root: Path, name: str, upload: Path, *, owner: int) -> None:
    """Move a complete upload into the workspace, given to the user id of its runs."""
    *folders, last = parts_of(name)
    give(upload, owner)
    with open_folder(root, tuple(folders), make_for=owner) as folder:
        try:
            os.replace(upload, last, dst_dir_fd=folder)
        except OSError as exc:
            raise Malformed(f"{name} cannot be written: {exc.strerror}.") from exc


def remove_file(root: Path, name: str) -> int:
    """Remove a file and return the bytes that it took."""
    *folders, last = parts_of(name)
    with open_folder(root, tuple(folders)) as folder:
        size = os.stat(last, dir_fd=folder, follow_symlinks=False).st_size
        os.unlink(last, dir_fd=folder)
    return size


def move_path(root: Path, source: str, target: str, *, owner: int) -> None:
    """Rename a file or folder; a target that is a folder takes it in."""
    (*folders, last) = parts_of(source)
    wanted = parts_of(target) if target.strip("/.") else ()
    if _is_folder(root, wanted):
        wanted = (*wanted, last)
    with (
        open_folder(root, tuple(folders)) as before,
        open_folder(root, wanted[:-1], make_for=owner) as after,
    ):
        try:
            os.rename(last, wanted[-1], src_dir_fd=before, dst_dir_fd=after)
        except FileNotFoundError as exc:
            raise NotFound(f"{source} does not exist in the workspace.") from exc
        except OSError as exc:
            raise Malformed(f"{source} cannot be moved to {target}: {exc.strerror}.") from exc


def remove_empty_folders(root: Path) -> None:
    """Remove the folders below `root` that hold nothing."""
    for _, folders, _, descriptor in os.fwalk(root, topdown=False, follow_symlinks=False):
        for folder in folders:
            with suppress(OSError):  # it holds something, or is a link
                os.rmdir(folder, dir_fd=descriptor)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as it is there.

    `rm` and not a loop: a run may nest folders deeper than Python recurses.
    """
    subprocess.run(["rm", "--recursive", "--force", "--", str(folder)], check=False)


def give(path: Path, owner: int) -> None:
    """Give a path to a run's user id, where the service may."""
    if os.geteuid() == 0:
        os.chown(path, owner, owner, follow_symlinks=False)


def _is_folder(root: Path, parts: tuple[str, ...]) -> bool:
    try:
        with open_folder(root, parts):
            return True
    except NotFound:
        return False


def _make_folder(name: str, above: int, *, owner: int) -> None:
    try:
        os.mkdir(name, 0o755, dir_fd=above)
    except FileExistsError:
        return
    if os.geteuid() == 0:
        os.chown(name, owner, owner, dir_fd=above, follow_symlinks=False)


def _open_below(name: str, flags: int, above: int) -> int:
    try:
        return os.open(name, flags, dir_fd=above)
    except FileNotFoundError as exc:
        raise NotFound(f"{name} does not exist.") from exc
    except OSError as exc:
        raise NotFound(f"{name} is not a plain file or folder of the workspace.") from exc
