"""Previews of a session's files: made by the same workers as those of the data lake's files."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.credentials import Credential
from accounts.models import User
from data_mgmt.previews.options import Options
from data_mgmt.services import previews
from data_mgmt.services.previews import Answer, Subject
from sessions.backends.running import Entry, EntryKind, Place, RunningSession
from sessions.models import Session
from sessions.services import files
from sessions.services.reading import get
from vre_portal.errors import InvalidRequest, UpstreamUnavailable

TASK = "sessions.make_preview"
MAX_READ = 16 << 20


class SessionFile:
    """A file of a session, read by ranges."""

    def __init__(self, session: Session, entry: Entry) -> None:
        self._session, self._path = session, entry.path
        self._size = entry.size or 0

    @property
    def size(self) -> int:
        """How many bytes it had when it was looked at."""
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range; raises `UpstreamUnavailable` for a file that changed."""
        length = min(length, self._size - offset, MAX_READ)
        if offset < 0 or length <= 0:
            return b""
        found = bytearray()

        def read(running: RunningSession, who: Credential, at: Place) -> None:
            last = offset + length - 1
            with running.read(who, at, self._path, first=offset, last=last) as stream:
                for piece in stream.pieces:
                    found.extend(piece)
                    if len(found) > length:
                        break

        files.ask(self._session, read)
        if len(found) != length:
            raise UpstreamUnavailable(_("The file changed while it was read. Try again."))
        return bytes(found)


def preview(session: Session, entry: Entry, options: Options) -> Answer:
    """Return the preview of a session's file, or have it made."""
    if entry.kind is EntryKind.FOLDER:
        raise InvalidRequest(_("Only files have a preview: choose one of them."), field="path")
    return previews.of_subject(session.user, _subject(session, entry), options)


def make(user_id: UUID, where: str, options: Options, key: str) -> None:
    """Make one preview of a session and a path in it; raises `Busy` where there is no place now."""
    session_id, _slash, path = where.partition("/")

    def opened(user: User) -> tuple[SessionFile, str]:
        session = get(user, session_id)
        entry = files.look(session, path)
        if previews.key_of(_subject(session, entry), options) != key:
            raise UpstreamUnavailable(_("The file changed meanwhile. Look at it again."))
        return SessionFile(session, entry), entry.name

    previews.make_of(user_id, key, options, opened)


def _subject(session: Session, entry: Entry) -> Subject:
    """Return what is looked at: this version of this person's file, and of nobody else's."""
    version = ("session", str(session.user_id), str(session.pk), entry.path, entry.size,
               str(entry.changed_at))  # fmt: skip
    return Subject(entry.size, version, TASK, (f"{session.pk}/{entry.path}",))
