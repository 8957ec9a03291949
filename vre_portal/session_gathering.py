"""The files of a running session as a capture reads them: within bounds, whatever it answers.

Who has a session can have its server answer anything: folders in folders, bodies without an end.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial

from django.utils.translation import gettext as _

from accounts.credentials import Credential
from reproducibility.services.captures.gathering import IGNORED, Gathering
from sessions.backends.running import Entry, EntryKind, Place, RunningSession
from sessions.models import Session
from sessions.services import files
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest

#: A session hands out at most some MiB at once.
BLOCK = 4 << 20
MOST_FOLDERS = 2_000
#: So many folders lie in each other at most.
MOST_DEPTH = 32
#: Seconds for all that is listed and read of one session.
LONGEST_SECONDS = 300.0
FIELD = "path"


@dataclass
class SessionFiles:
    """The files below a folder of a session; of a whole home those that its `entry` names."""

    session: Session
    folder: str
    entry: str
    gathering: Gathering
    _until: float = field(default_factory=lambda: time.monotonic() + LONGEST_SECONDS)

    def gather(self) -> None:
        """List them, then read them one after the other.

        Raises
        ------
        InvalidRequest
            There are too many files or folders, or it takes too long.
        Conflict
            One of them became shorter meanwhile.
        """
        for one in self._listed():
            path = one.path.removeprefix(self.folder).lstrip("/")
            changed = one.changed_at.timestamp() if one.changed_at else None
            read = partial(self._pieces, one)
            self.gathering.add(path, one.size or 0, read, modified_at=changed)

    def _listed(self) -> list[Entry]:
        found: list[Entry] = []
        waiting, folders = deque([(self.folder, 0)]), 0
        while waiting:
            place, depth = waiting.popleft()
            self._check_time()
            self.gathering.tell(len(found), 0)
            below = files.browse(self.session, place).entries
            found += [one for one in below if one.kind is not EntryKind.FOLDER]
            inner = [one.path for one in below if self._is_wanted(one)]
            folders += len(inner)
            self.gathering.expect(len(found), FIELD)
            _check_folders(folders, depth + 1 if inner else depth)
            waiting.extend((path, depth + 1) for path in inner)
        return found

    def _is_wanted(self, one: Entry) -> bool:
        """Whether it is a folder that belongs to the analysis: a home holds much else."""
        if one.kind is not EntryKind.FOLDER or one.name in IGNORED:
            return False
        return bool(self.folder) or not self.entry or "/" in one.path or one.name in self._text

    @cached_property
    def _text(self) -> str:
        """What stands in the entry, for it names the folders that it needs."""
        entry = files.look(self.session, self.entry)
        if (entry.size or 0) > get_config().capture_file_bytes:
            return ""
        return b"".join(self._pieces(entry)).decode(errors="replace")

    def _pieces(self, entry: Entry) -> Iterator[bytes]:
        """Yield a file's bytes, some MiB at a time, and no more than it was said to have."""
        size, first = entry.size or 0, 0
        while first < size:
            self._check_time()
            last = min(first + BLOCK, size) - 1
            piece = files.ask(self.session, partial(_read, (entry.path, first, last)))
            if not piece:
                words = _("%s became shorter while it was read. Capture it again.") % entry.path
                raise Conflict(words)
            yield piece
            first += len(piece)

    def _check_time(self) -> None:
        if time.monotonic() > self._until:
            words = _("To read the files took longer than %(n)s minutes. Choose a folder that "
                      "holds the analysis alone.")  # fmt: skip
            raise InvalidRequest(words % {"n": round(LONGEST_SECONDS / 60)}, field=FIELD)


def _check_folders(count: int, depth: int) -> None:
    if count > MOST_FOLDERS:
        words = _("There are more than %s folders. Choose a folder that holds the analysis alone.")
        raise InvalidRequest(words % f"{MOST_FOLDERS:,}", field=FIELD)
    if depth > MOST_DEPTH:
        words = _("Folders lie deeper than %s in each other. Choose one further inside.")
        raise InvalidRequest(words % MOST_DEPTH, field=FIELD)


def _read(part: tuple[str, int, int], running: RunningSession, who: Credential, at: Place) -> bytes:
    """Return a part of a file: its path, its first and its last byte."""
    path, first, last = part
    with running.read(who, at, path, first=first, last=last) as stream:
        return _first_of(stream.pieces, last - first + 1)


def _first_of(pieces: Iterable[bytes], wanted: int) -> bytes:
    """Return so many bytes, and leave the rest where it is: there may be no end of it."""
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) >= wanted:
            break
    return bytes(content[:wanted])
