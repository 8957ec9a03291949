"""Paths in a session, checked here whatever the session itself would say: nothing hidden.

`.vre` holds the session's tokens, so no part of a path may begin with a dot.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from vre_portal.errors import InvalidRequest, NotFound

MAX_PATH = 2_000
#: What Linux takes as one name, in bytes.
MAX_NAME = 255


def checked(path: str) -> str:
    """Return a path below the home, empty for the home itself.

    Raises
    ------
    NotFound
        A part of it is hidden.
    InvalidRequest
        It is no path below the home.
    """
    if not path:
        return ""
    parts = path.split("/")
    if len(path) > MAX_PATH or not all(is_name(part) for part in parts):
        words = _("Give a path from your home, such as results/plot.png, without . or .. in it.")
        raise InvalidRequest(words, field="path")
    if any(part.startswith(".") for part in parts):
        raise NotFound(_("There is no such thing in the session."))
    return path


def file_path(path: str) -> str:
    """Return the path of something in the home, never of the home itself."""
    if not path:
        raise InvalidRequest(_("Say which file or folder."), field="path")
    return checked(path)


def new_path(path: str) -> str:
    """Return a path that something may get; raises `InvalidRequest`."""
    try:
        return file_path(path)
    except NotFound as exc:
        words = _("Names that begin with a dot are hidden: take another one.")
        raise InvalidRequest(words, field="name") from exc


def new_name(name: str) -> str:
    """Return a name without any folder that something may get; raises `InvalidRequest`."""
    if not is_name(name):
        words = _("Give a name of at most 255 bytes, without a slash or unseen signs.")
        raise InvalidRequest(words, field="name")
    return new_path(name)


def below(folder: str, name: str) -> str:
    """Return the path of a name in a folder."""
    return f"{folder}/{name}" if folder else name


def parent_of(path: str) -> str:
    """Return the folder that something is in, empty for the home."""
    return path.rpartition("/")[0]


def free_name(name: str, taken: set[str]) -> str:
    """Return the first of `a-2.csv`, `a-3.csv` and so on that is not taken."""
    ends = PurePosixPath(name).suffixes[-2:]
    ending = "".join(ends if ends[:1] == [".tar"] else ends[-1:])
    stem = name.removesuffix(ending)
    number = 2
    while (found := f"{stem}-{number}{ending}") in taken:
        number += 1
    return found


def is_name(part: str) -> bool:
    """Whether it may be one part of a path; unseen signs would hide what a name is."""
    if part in {"", ".", ".."} or "/" in part or not part.isprintable():
        return False
    try:
        return len(part.encode()) <= MAX_NAME
    except UnicodeEncodeError:
        return False
