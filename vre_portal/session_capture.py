"""Captures from sessions: their files by the session's own token, its data by the catalogue."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import Did, FileEntry
from data_mgmt.backends import get_backend as data_backend
from reproducibility.capture.values import Data, Found, FoundFile, Surroundings
from reproducibility.models import Capture, Source
from reproducibility.services.captures import sources
from reproducibility.services.captures.gathering import IGNORED, Gathering
from reproducibility.services.captures.sources import Choice, Origin
from reproducibility.services.inputs import AUDIENCE
from sessions import environments, services
from sessions.backends.running import Entry, EntryKind, Place, RunningSession
from sessions.models import Session, SessionState
from sessions.services import files, paths
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError

#: A session hands out at most some MiB at once.
BLOCK = 4 << 20
#: Of a dataset so many files are compared with what is in the session.
MOST_FILES = 10_000
DATA_FOLDER = "data"
CHOICES = 50


def register() -> None:
    """Let analyses be captured from sessions."""
    sources.register(Source.SESSION, SessionSource)


class SessionSource:
    """A folder or a notebook of a running session."""

    def check(self, user: User, wish: Mapping[str, str]) -> Origin:
        """Find the session and the place in it."""
        session = self._session(user, wish.get("session", ""))
        path = wish.get("path", "").strip().strip("/")
        if session.state != SessionState.READY:
            words = _("%s does not run now, so that its files can't be read. Launch it again, and "
                      "capture it then.") % session.name  # fmt: skip
            raise InvalidRequest(words, field="session")
        try:
            entry = files.look(session, path)
        except (NotFound, InvalidRequest) as exc:
            words = _("There is no %s in the session. Look at its files.") % (path or "~")
            raise InvalidRequest(words, field="path") from exc
        is_folder = entry.kind is EntryKind.FOLDER
        folder = path if is_folder else paths.parent_of(path)
        return {
            "session": str(session.pk),
            "name": session.name,
            "path": path,
            "folder": folder,
            "entry": "" if is_folder else path.removeprefix(folder).lstrip("/"),
        }

    def gather(self, capture: Capture, gathering: Gathering) -> Found:
        """Read the folder, and find out which of its files are of the data lake."""
        session = services.get(capture.user, capture.origin["session"])
        folder, entry = capture.origin["folder"], capture.origin["entry"]
        listed = _listed(session, folder, entry, gathering)
        for one in listed:
            path = one.path.removeprefix(folder).lstrip("/")
            changed = one.changed_at.timestamp() if one.changed_at else None
            read = partial(_pieces, session, one)
            gathering.add(path, one.size or 0, read, modified_at=changed)
        data, of_the_lake = _data(session, gathering)
        found = tuple(replace(file, did=of_the_lake.get(file.path, "")) for file in gathering.files)
        return Found(found, data=data, surroundings=surroundings_of(session), entry=entry)

    def forget(self, origin: Mapping[str, Any]) -> None:
        """Keep nothing: nothing was kept."""

    def choices(self, user: User) -> list[Choice]:
        """Return a person's sessions, those that run first."""
        rows = services.visible_to(user).for_lists().order_by("-created_at")[:CHOICES]
        listed = [_choice(session) for session in rows]
        return sorted(listed, key=lambda choice: bool(choice.why_not))

    def _session(self, user: User, key: str) -> Session:
        try:
            return services.get(user, key)
        except NotFound as exc:
            raise InvalidRequest(_("Choose one of your sessions."), field="session") from exc


def link(session: Session) -> str:
    """Return the address of the form that captures a session."""
    return f"{reverse('reproducibility:capture-new')}?{urlencode({'session': session.pk})}"


def surroundings_of(session: Session) -> Surroundings:
    """Return in which environment a session runs, as far as the site's file tells."""
    known = Surroundings(
        image=get_config().capture_images.get(session.environment, ""),
        slug=session.environment,
        name=session.environment_name,
        lock_sha256=session.digest,
    )
    try:
        environment = environments.named(session.environment)
    except PortalError:
        return known  # it was taken off the site's list since
    versions = {name.lower(): version for name, version in environment.versions.items()}
    settled = environments.settled(session.options, environments.all_environments())
    cpu = settled.cpu if settled else environment.settings.cpu
    return replace(
        known,
        image=environment.settings.image or known.image,
        interpreter=f"Python {versions['python']}" if "python" in versions else "",
        threads=int(cpu) if cpu and cpu >= 1 else None,
        packages=environment.packages,
    )


def _choice(session: Session) -> Choice:
    if session.state == SessionState.READY:
        return Choice(str(session.pk), session.name)
    words = _("does not run: its files are kept, and can be read once it is launched again")
    return Choice(
        str(session.pk), session.name, words, reverse("sessions:session", args=[session.pk])
    )


def _listed(session: Session, folder: str, entry: str, gathering: Gathering) -> list[Entry]:
    """Return the files below a folder; of a whole home only the folders that the entry names."""
    found: list[Entry] = []
    waiting = deque([folder])
    while waiting:
        place = waiting.popleft()
        gathering.tell(len(found), 0)
        for one in files.browse(session, place).entries:
            if one.kind is not EntryKind.FOLDER:
                found.append(one)
            elif one.name not in IGNORED and _is_meant(session, one, folder, entry):
                waiting.append(one.path)
        gathering.expect(len(found), "path")
    return found


def _is_meant(session: Session, one: Entry, folder: str, entry: str) -> bool:
    """Whether a folder belongs to the analysis: a home holds much else."""
    if folder or not entry or "/" in one.path:
        return True
    return one.name in _text(session, entry)


def _text(session: Session, path: str) -> str:
    entry = files.look(session, path)
    most = get_config().capture_file_bytes
    if (entry.size or 0) > most:
        return ""
    return b"".join(_pieces(session, entry)).decode(errors="replace")


def _pieces(session: Session, entry: Entry) -> Iterator[bytes]:
    """Yield a file's bytes, some MiB at a time."""
    size, first = entry.size or 0, 0
    while first < size:
        last = min(first + BLOCK, size) - 1
        piece = files.ask(session, partial(_read, (entry.path, first, last)))
        if not piece:
            words = _("%s became shorter while it was read. Capture it again.") % entry.path
            raise Conflict(words)
        yield piece
        first += len(piece)


def _read(part: tuple[str, int, int], running: RunningSession, who: Credential, at: Place) -> bytes:
    """Return a part of a file: its path, its first and its last byte."""
    path, first, last = part
    with running.read(who, at, path, first=first, last=last) as stream:
        return b"".join(stream.pieces)[: last - first + 1]


def _data(session: Session, gathering: Gathering) -> tuple[tuple[Data, ...], dict[str, str]]:
    """Return the session's datasets with their folders, and the files that are theirs, by DID."""
    data: list[Data] = []
    files_of: dict[str, str] = {}
    for text in session.datasets:
        try:
            credential = credential_for(session.user, AUDIENCE)
            entries = data_backend().list_files(credential, Did.parse(text), limit=MOST_FILES)
        except (NotFound, InvalidRequest):
            gathering.note(_("%s is not in the data lake any more.") % text)
            continue
        here = _matched(gathering.files, entries)
        files_of |= {path: str(entry.did) for path, entry in here.items()}
        data.append(Data(text, _folder(here), tuple(_told(entries, here))))
    return tuple(data), files_of


def _matched(found: Iterable[FoundFile], entries: Iterable[FileEntry]) -> dict[str, FileEntry]:
    """Return the files that have name, size and (where both are known) checksum of an entry."""
    by_name = {(_base(entry.did.name), entry.bytes): entry for entry in entries}
    matched: dict[str, FileEntry] = {}
    for file in found:
        entry = by_name.get((_base(file.path), file.size))
        if entry and (not file.adler32 or not entry.adler32 or file.adler32 == entry.adler32):
            matched[file.path] = entry
    return matched


def _folder(here: Mapping[str, FileEntry]) -> str:
    """Return the folder that most files of a dataset are in; by default one of its own."""
    folders = [path.rpartition("/")[0] for path in here]
    return max(set(folders), key=folders.count, default="") or DATA_FOLDER


def _told(
    entries: Iterable[FileEntry], here: Mapping[str, FileEntry]
) -> Iterator[Mapping[str, Any]]:
    places = {str(entry.did): path for path, entry in here.items()}
    for entry in entries:
        did = str(entry.did)
        told = {"did": did, "bytes": entry.bytes, "adler32": entry.adler32, "sha256": ""}
        yield told | ({"path": places[did]} if did in places else {})


def _base(name: str) -> str:
    return re.split(r"[/:]", name)[-1]
