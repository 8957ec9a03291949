"""Names with slashes as folders: what is in one, with the files and bytes below each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from os.path import commonprefix

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did, FileEntry, get_backend
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.contents import Smallest
from vre_portal.budget import Budget
from vre_portal.config import get_config

SHOWN = 500
MOST_FOLDERS = 20_000
#: How long somebody waits who wants every file counted.
WHOLE_SECONDS = 20.0
#: The part of a page's time in which files are counted; the rest is for what is around it.
SHARE = 0.7
CHECK_EVERY = 1000
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in another one: its name, the path to it, and what is below; None if not known."""

    name: str
    path: str
    files: int | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in a folder; `is_whole` tells whether every file was counted."""

    path: str
    folders: tuple[Folder, ...] = ()
    files: tuple[FileEntry, ...] = ()
    files_total: int = 0
    folders_total: int = 0
    counted: int = 0
    is_whole: bool = True

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """Each folder on the way, with its path."""
        ends = [at + 1 for at, sign in enumerate(self.path) if sign == "/"]
        starts = [0, *ends]
        return tuple(
            (self.path[start : end - 1] or "/", self.path[:end])
            for start, end in zip(starts, ends, strict=False)
        )


def in_collection(user: User, did: Did, path: str | None, *, whole: bool = False) -> Listing:
    """Return a folder of the files below a DID; without a path the first one with a choice in it.

    A list that takes longer than a page may wait is cut, unless the whole is asked for.
    """
    credential = credential_for(user, SERVICE)
    backend = get_backend()
    seconds = WHOLE_SECONDS if whole else get_config().page_budget
    ends = time.monotonic() + seconds * SHARE

    def question() -> Listing:
        rows = Timely(backend.each_file(credential, did), ends, time.monotonic)
        return fold(rows, path)

    return Budget(SERVICE, seconds).ask(question).get()


class Timely:
    """Rows until a time; `is_whole` tells whether these were all."""

    def __init__(self, rows: Iterable[FileEntry], ends: float, clock: Clock) -> None:
        self._rows, self._ends, self._clock = rows, ends, clock
        self.is_whole = True

    def __iter__(self) -> Iterator[FileEntry]:
        for number, row in enumerate(self._rows, 1):
            yield row
            if number % CHECK_EVERY == 0 and self._clock() > self._ends:
                self.is_whole = False
                return


def fold(rows: Timely, path: str | None) -> Listing:
    """Return a folder of files in any order, in one pass and without keeping them."""
    tally: dict[str, tuple[int, int]] = {}
    shown: Smallest[FileEntry] = Smallest(SHOWN)
    where, counted, left_out = path, 0, False
    for row in rows:
        name = row.did.name
        if path is not None and not name.startswith(path):
            continue
        counted += 1
        folder = name[: name.rfind("/") + 1] if path is None else _below(name, path)
        if path is None and (where is None or len(folder) < len(where)):
            # Only files of the shortest folder can lie in what all have in common.
            where, shown = folder, Smallest(SHOWN)
        files, size = tally.get(folder, (0, 0))
        if not files and len(tally) >= MOST_FOLDERS:
            left_out = True
            continue
        tally[folder] = (files + 1, size + row.bytes)
        if folder == where:
            shown.add(name, row)
    here = _common(tally) if path is None else path
    direct = tally.pop(here, (0, 0))[0]
    folders = _folders(tally, here)
    return Listing(
        path=here,
        folders=folders[:SHOWN],
        files=shown.rows() if where == here else (),
        files_total=direct,
        folders_total=len(folders),
        counted=counted,
        is_whole=rows.is_whole and not left_out,
    )


def _below(name: str, path: str) -> str:
    """Return the folder directly in a path in which a name lies, or the path itself."""
    end = name.find("/", len(path))
    return path if end < 0 else name[: end + 1]


def _common(folders: Mapping[str, object]) -> str:
    shared = commonprefix([*folders])  # noqa: RUF071 - signs, cut at a slash below: all may be relative
    return shared[: shared.rfind("/") + 1]


def _folders(tally: Mapping[str, tuple[int, int]], here: str) -> tuple[Folder, ...]:
    below: dict[str, tuple[int, int]] = {}
    for folder, (files, size) in tally.items():
        path = here + folder[len(here) : folder.index("/", len(here)) + 1]
        known = below.get(path, (0, 0))
        below[path] = (known[0] + files, known[1] + size)
    return tuple(
        Folder(path[len(here) :].rstrip("/") or "/", path, *below[path]) for path in sorted(below)
    )
