"""Captures from sessions: their files by the session's own token, its data by the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did, FileEntry
from data_mgmt.backends import get_backend as data_backend
from reproducibility.capture.values import Data, Found, FoundFile, Surroundings
from reproducibility.models import Capture, CaptureState, Source
from reproducibility.services.captures import sources
from reproducibility.services.captures.gathering import Gathering
from reproducibility.services.captures.sources import Aside, Choice, NotYet, Origin
from reproducibility.services.inputs import AUDIENCE
from sessions import environments, services
from sessions.backends.running import EntryKind
from sessions.models import Session, SessionState
from sessions.services import files, paths, waking
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError
from vre_portal.session_gathering import SessionFiles

#: Of a dataset so many files are compared with what is in the session.
MOST_FILES = 10_000
DATA_FOLDER = "data"
CHOICES = 50


#: Seconds between two looks at a session that starts.
PAUSE = 1.0


def register() -> None:
    """Let analyses be captured from sessions."""
    sources.register(Source.SESSION, SessionSource)
    sources.tell_after(Source.SESSION, aside_of)
    waking.on_need(is_read)


class SessionSource:
    """A folder or a notebook of a session; one that does not run is started to be read."""

    def check(self, user: User, wish: Mapping[str, str]) -> Origin:
        """Find the session, and what can be known of the place in it by now."""
        session = self._session(user, wish.get("session", ""))
        path = wish.get("path", "").strip().strip("/")
        origin = {"session": str(session.pk), "name": session.name, "path": path}
        if session.state == SessionState.READY:
            return origin | _place(session, path)
        with _named(path):
            paths.checked(path)
        if not session.is_active:
            _check_can_wake(session)
        return origin

    def gather(self, capture: Capture, gathering: Gathering) -> Found:
        """Read the folder, and find out which of its files are of the data lake."""
        session = services.get(capture.user, capture.origin["session"])
        if not waking.awake(session, reader=capture.pk):
            raise NotYet(_waits_for(session), seconds=PAUSE)
        with _while_it_runs(session):
            capture.origin |= _place(session, capture.origin["path"])
            entry = capture.origin["entry"]
            SessionFiles(session, capture.origin["folder"], entry, gathering).gather()
        data, of_the_lake = _data(session, gathering)
        found = tuple(replace(file, did=of_the_lake.get(file.path, "")) for file in gathering.files)
        return Found(found, data=data, surroundings=surroundings_of(session), entry=entry)

    def forget(self, origin: Mapping[str, Any]) -> None:
        """Keep nothing: nothing was kept."""

    def choices(self, user: User) -> list[Choice]:
        """Return a person's sessions, those that run first."""
        rows = services.visible_to(user).for_lists().order_by("-created_at")[:CHOICES]
        offered = _offered(user)
        listed = sorted(rows, key=lambda session: not session.is_active)
        return [_choice(session, offered) for session in listed]

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


def is_read(session: Session) -> bool:
    """Whether a capture still reads a session, or waits for it to start."""
    captures = Capture.objects.filter(user=session.user_id, kind=Source.SESSION)
    reading = captures.filter(state=CaptureState.READING)
    return reading.filter(origin__session=str(session.pk)).exists()


def aside_of(capture: Capture) -> Aside | None:
    """Return what becomes of a session that was started to be captured; None for others."""
    try:
        session = services.get(capture.user, capture.origin["session"])
    except NotFound:
        return None  # taken off the list since
    if session.state == SessionState.FAILED or not waking.was_woken(session, capture.pk):
        return None  # how it failed is why nothing was captured
    url = reverse("sessions:session", args=[session.pk])
    if session.state == SessionState.STOPPING or not waking.rests_again(session, capture.pk):
        return Aside(_("Stopping the session again."), url, topic=f"session:{session.pk}")
    if session.is_active:
        return Aside(_("You use the session meanwhile, so that it goes on."), url)
    return Aside(_("The session was started to read its files, and has stopped again."), url)


def _place(session: Session, path: str) -> dict[str, str]:
    """Return the folder that is read in a running session, and in it the entry that was named."""
    with _named(path):
        entry = files.look(session, path)
    if entry.kind is EntryKind.FOLDER:
        return {"folder": path, "entry": ""}
    folder = paths.parent_of(path)
    return {"folder": folder, "entry": path.removeprefix(folder).lstrip("/")}


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Say at the form's field that a path is not there."""
    try:
        yield
    except (NotFound, InvalidRequest) as exc:
        words = _("There is no %s in the session. Look at its files.") % (path or "~")
        raise InvalidRequest(words, field="path") from exc


@contextmanager
def _while_it_runs(session: Session) -> Iterator[None]:
    """Say of a session that was stopped meanwhile that it was."""
    try:
        yield
    except PortalError as exc:
        session.refresh_from_db(fields=["state"])
        if session.state == SessionState.READY:
            raise
        words = _("The session was stopped before its files were read. Capture it again.")
        raise Conflict(words) from exc


def _check_can_wake(session: Session) -> None:
    try:
        waking.check_can_wake(session)
    except InvalidRequest as exc:
        raise InvalidRequest(_not_offered(), field="session") from exc


def _waits_for(session: Session) -> str:
    """Say what is waited for, with the hub's word on how far it is."""
    told = session.message if session.state == SessionState.STARTING else ""
    if session.state == SessionState.STOPPING:
        return _("The session stops just now. It is started to read its files after that.")
    if session.is_for_reading:
        return _("Starting the session to read its files… %s") % told
    return _("Waiting for the session to start… %s") % told


def _offered(user: User) -> set[str]:
    """Return the environments that a person may start now; none where nobody can tell."""
    with suppress(PortalError):
        return {each.slug for each in environments.usable(user)}
    return set()


def _not_offered() -> str:
    return _("Its environment is not offered to you any more, so that it can't be started. Launch "
             "another session: your files are there too.")  # fmt: skip


def _choice(session: Session, offered: set[str]) -> Choice:
    key, url = str(session.pk), reverse("sessions:session", args=[session.pk])
    if session.is_active:
        return Choice(key, session.name, _("Running"))
    if session.environment not in offered:
        return Choice(key, session.name, why_not=_not_offered(), url=url)
    at = session.stopped_at or session.created_at
    moment = date_format(localtime(at), "SHORT_DATETIME_FORMAT")
    title = _("%(name)s, until %(moment)s") % {"name": session.name, "moment": moment}
    return Choice(key, title, _("Stopped: started for it, and stopped again"))


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
