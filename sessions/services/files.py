"""Files of a running session: look, download, upload, rename and delete, never anything hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.utils.translation import gettext as _

from accounts.credentials import Credential
from sessions.backends.running import (
    ByteSource,
    Entry,
    EntryKind,
    Place,
    RunningSession,
    get_running,
)
from sessions.models import Session, SessionState
from sessions.services import paths
from sessions.services.entering import entered, forget
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Content:
    """A file that is there now, and where its bytes are."""

    entry: Entry
    size: int
    source: ByteSource

    @property
    def etag(self) -> str:
        """A tag of this version of the file, empty where the session tells no time of it."""
        changed = self.entry.changed_at
        return f'"{self.size:x}-{int(changed.timestamp() * 1e6):x}"' if changed else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in a folder, folders first, and how many more have names that no address can hold."""

    entries: list[Entry]
    unshown: int


def ask(session: Session, question: Callable[[RunningSession, Credential, Place], T]) -> T:
    """Ask a session that runs; a token that it no longer takes is replaced once.

    Raises
    ------
    Conflict
        It does not run.
    """
    if session.state != SessionState.READY:
        raise Conflict(_("The session does not run now. Launch it again to see its files."))
    try:
        return question(get_running(), *entered(session))
    except Forbidden:
        forget(session)
        return question(get_running(), *entered(session))


def look(session: Session, path: str) -> Entry:
    """Return one file or folder; an empty path is the home."""
    path = paths.checked(path)
    if not path:
        return Entry("", "", EntryKind.FOLDER, None, None)
    return ask(session, lambda running, who, at: running.entry(who, at, path))


def browse(session: Session, path: str) -> Listing:
    """Return what is in a folder, without what is hidden."""
    path = paths.checked(path)
    found = ask(session, lambda running, who, at: running.entries(who, at, path))
    seen = [one for one in found if not one.name.startswith(".")]
    named = [one for one in seen if paths.is_name(one.name)]
    return Listing(named, len(seen) - len(named))


def content(session: Session, path: str) -> Content:
    """Return a file to download, or raise `InvalidRequest` for a folder."""
    path = paths.file_path(path)

    def question(running: RunningSession, who: Credential, at: Place) -> Content:
        entry = running.entry(who, at, path)
        if entry.kind is EntryKind.FOLDER:
            raise InvalidRequest(_("That is a folder: choose one of its files."), field="path")
        return Content(entry, entry.size or 0, running.source(who, at, path))

    return ask(session, question)


def make_folder(session: Session, folder: str, name: str) -> Entry:
    """Make a folder in another one."""
    path = paths.below(paths.checked(folder), paths.new_name(name.strip()))
    must_be_folder(session, folder)
    return ask(session, lambda running, who, at: running.make_folder(who, at, path))


def rename(session: Session, path: str, to: str) -> Entry:
    """Give something another name, or another place by a path from the home."""
    path, to = paths.file_path(path), paths.new_path(to.strip().strip("/"))
    if to == path or to.startswith(f"{path}/"):
        raise InvalidRequest(_("Give another name, and no place inside itself."), field="name")
    must_be_folder(session, paths.parent_of(to))
    return ask(session, lambda running, who, at: running.rename(who, at, path, to))


def delete(session: Session, path: str) -> None:
    """Delete a file, or a folder that is empty (`Conflict` for others)."""
    path = paths.file_path(path)
    ask(session, lambda running, who, at: running.delete(who, at, path))


def must_be_folder(session: Session, path: str) -> None:
    """Raise `NotFound` unless there is a folder."""
    try:
        is_folder = look(session, path).kind is EntryKind.FOLDER
    except NotFound:
        is_folder = False
    if not is_folder:
        raise NotFound(_("There is no folder %s in the session.") % path)
