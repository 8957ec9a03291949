"""The folders of projects: only members' sessions see them, and all that is in them is theirs.

A session's sandbox shows those folders alone that its user's groups open. Inside, default access
rights (POSIX ACL) keep files open to every member, whatever a program's umask is.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sessions.definitions import Project

GIB = 1 << 30
#: In a person's home.
LINKS = "projects"
ACL = "system.posix_acl_default"
#: acl(5) as the kernel takes it: version 2, then tag, rights and id of owner, group, mask, others.
OPEN_TO_ALL = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, 7, 0xFFFFFFFF) for tag in (0x01, 0x04, 0x10, 0x20)
)


@dataclass(frozen=True)
class Folder:
    """A project's folder, and how large it should get."""

    name: str
    path: Path
    quota_bytes: int | None


def prepared(below: Path, projects: Iterable[Project]) -> list[Folder]:
    """Return the folders of some projects, made as needed."""
    return [_prepared(below, project) for project in projects]


def _prepared(below: Path, project: Project) -> Folder:
    path = below / project.name
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o777)  # who enters it has it in a sandbox's sight
        with suppress(OSError):  # a file system without them: members open files by hand
            os.setxattr(path, ACL, OPEN_TO_ALL)
        below.chmod(0o711)
    quota = int(project.quota_gb * GIB) if project.quota_gb else None
    return Folder(project.name, path, quota)


def link(home: Path, folders: Iterable[Folder], *, uid: int) -> None:
    """Put a link to each folder into a home, and take away those to folders no longer theirs.

    The home is its user's, who may have put anything there: nothing is followed out of it.
    """
    wanted = {folder.name: str(folder.path) for folder in folders}
    with _opened(home) as top:
        with suppress(FileExistsError):
            os.mkdir(LINKS, 0o700, dir_fd=top)
            _give(LINKS, top, uid)
        try:
            with _opened(LINKS, top) as shelf:
                _link(shelf, wanted, uid)
        except NotADirectoryError:
            return  # a file of that name, or a link: it is theirs, and stays


def _link(shelf: int, wanted: dict[str, str], uid: int) -> None:
    for name in os.listdir(shelf):
        with suppress(OSError):  # no link
            if os.readlink(name, dir_fd=shelf) != wanted.get(name):
                os.unlink(name, dir_fd=shelf)
    for name, target in wanted.items():
        with suppress(FileExistsError):
            os.symlink(target, name, dir_fd=shelf)
            _give(name, shelf, uid)


@contextmanager
def _opened(folder: str | Path, within: int | None = None) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    descriptor = os.open(folder, flags, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _give(name: str, within: int, uid: int) -> None:
    if os.geteuid() == 0:
        os.chown(name, uid, uid, dir_fd=within, follow_symlinks=False)


def variables(folders: Iterable[Folder], *, home_quota_gb: float | None) -> dict[str, str]:
    """Return what a session has to know of its folders."""
    told = [
        {"name": one.name, "path": str(one.path), "quota_bytes": one.quota_bytes} for one in folders
    ]
    quota = {"VRE_HOME_QUOTA_BYTES": str(int(home_quota_gb * GIB))} if home_quota_gb else {}
    return {"VRE_PROJECTS": json.dumps(told)} | quota
