"""A session's data and repository as its page and the API show them: how far, and what holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

import data_mgmt.services
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.words import request_sentence
from sessions.models import FINISHED, Session, SessionState
from sessions.services import bringing, fetching
from sessions.services.repository_links import RepositoryLink
from vre_portal.config import get_config

#: Requests of so many DIDs are asked why they wait; a page does not wait for more.
ASKED_WHY = 3
WAITS = {RequestState.WAITING_APPROVAL, RequestState.STUCK, RequestState.REPLICATING}
ENDED = {RequestState.CANCELLED, RequestState.EXPIRED, RequestState.FAILED}


@dataclass(frozen=True, slots=True)
class DataRow:
    """A DID of a session: where its data stand, in a state, a sentence and, on their way, figures.

    `state` is here, coming, waiting, failed, looking, or as-it-is for what was not to be brought.
    """

    did: str
    state: str
    sentence: str
    why: str = ""
    request: ReplicaRequest | None = None
    url: str = ""
    done: int = 0
    total: int = 0

    @property
    def tone(self) -> str:
        """The tone of its badge."""
        tones = {"here": "ok", "coming": "run", "waiting": "wait", "failed": "bad"}
        return tones.get(self.state, "idle")

    @property
    def word(self) -> str:
        """The word of its badge."""
        words = {
            "here": _("here"), "coming": _("being copied"), "waiting": _("waits"),
            "failed": _("not copied"), "looking": _("looking"),
        }  # fmt: skip
        return words.get(self.state, _("where it is"))

    @property
    def data_url(self) -> str:
        """The DID's own page."""
        return f"/data/{quote(self.did, safe=':')}"


@dataclass(frozen=True, slots=True)
class DataView:
    """All data of a session."""

    storage: str
    rows: tuple[DataRow, ...]

    @property
    def topics(self) -> str:
        """What a page watches so that the figures stay true."""
        watched = [row.request for row in self.rows if row.request and row.request.is_active]
        return " ".join(f"replica-request:{request.pk}" for request in watched)

    @property
    def sentence(self) -> str:
        """How all of it stands."""
        states = {row.state for row in self.rows}
        said = {"storage": self.storage}
        if states == {"here"}:
            return _("All of it is at %(storage)s, where sessions read it.") % said
        if states & {"coming", "waiting", "looking"}:
            return _(
                "The session starts meanwhile: what is not here yet can be read as soon as it is."
            )
        if "failed" in states:
            return (
                _("What is not at %(storage)s is read from where sessions can, if at all.") % said
            )
        return _("It is read from where it is.")

    @property
    def failed(self) -> bool:
        """Whether something could not be asked for."""
        return any(row.state == "failed" and row.request is None for row in self.rows)


def stays_where_it_is(session: Session) -> bool:
    """Whether a session's data was not to be brought, though it could have been."""
    return bool(session.datasets and not session.brought and get_config().session_storage)


Requests = Mapping[str, ReplicaRequest]


def requests_of(sessions: Iterable[Session]) -> Requests:
    """Return the requests that bring the data of one person's sessions, by id, at one go."""
    ids = [found for session in sessions for found in bringing.request_ids(session.brought)]
    rows = ReplicaRequest.objects.filter(pk__in=ids)
    return {str(row.pk): row for row in rows}


def data_of(
    session: Session, *, why: bool = True, known: Requests | None = None
) -> DataView | None:
    """Return a session's data, None when it has none; `why` asks what holds requests up."""
    if not session.datasets:
        return None
    requests = requests_of([session]) if known is None else known
    asked, shown = 0, []
    for did in session.datasets:
        told: Mapping[str, str] = session.brought.get(did, {})
        request = requests.get(told.get("request", ""))
        said = ""
        if why and request and request.state in WAITS and asked < ASKED_WHY:
            asked += 1
            said = data_mgmt.services.why_waits(session.user, request)
        shown.append(_row(did, told, request, said))
    return DataView(get_config().session_storage or "", tuple(shown))


def _row(did: str, told: Mapping[str, str], request: ReplicaRequest | None, why: str) -> DataRow:
    storage = get_config().session_storage or ""
    if request is not None:
        return _asked(did, request, why)
    match told.get("state"):
        case bringing.HERE:
            return DataRow(did, "here", _("At %(storage)s.") % {"storage": storage})
        case bringing.LOOKING:
            return DataRow(did, "looking", _("Rucio is asked where it is."))
        case bringing.FAILED | bringing.ASKED:
            lost = _("Its request is gone.")
            page = f"/data/{quote(did, safe=':')}?{urlencode({'tab': 'where', 'storage': storage})}"
            return DataRow(did, "failed", told.get("problem") or lost, url=page)
    return DataRow(did, "as-it-is", _("Read from where it is: it was not to be copied."))


def _asked(did: str, request: ReplicaRequest, why: str) -> DataRow:
    state = "coming"
    if request.state == RequestState.OK:
        state = "here"
    elif request.state in ENDED:
        state = "failed"
    elif why or request.state in {RequestState.WAITING_APPROVAL, RequestState.STUCK}:
        state = "waiting"
    return DataRow(
        did, state, request_sentence(request), why, request,
        url=reverse("data_mgmt:request", args=[request.pk]),
        done=request.files_done, total=request.files_total,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RepositoryView:
    """The repository of a session: how far its fetching is, and what can be done."""

    link: RepositoryLink
    state: str
    message: str
    folder: str
    commit: str
    can_retry: bool

    @property
    def sentence(self) -> str:
        """How it stands, in words."""
        said = {"folder": self.folder, "reason": self.message, "path": self.link.path}
        match self.state:
            case fetching.READY if self.link.path:
                return _("It is in the folder %(folder)s; the session opens at %(path)s.") % said
            case fetching.READY:
                return _("It is in the folder %(folder)s; the session opens there.") % said
            case fetching.FAILED:
                return _("It could not be fetched: %(reason)s") % said
            case fetching.FETCHING:
                return self.message or _("It is being fetched.")
        return _("It is fetched as soon as the session is ready. Nothing of it runs by itself.")


def repository_of(session: Session) -> RepositoryView | None:
    """Return a session's repository, None when it has none."""
    told: Mapping[str, Any] = session.repository
    link = RepositoryLink.from_state(told)
    if link is None:
        return None
    state, message = str(told.get("state", "")), str(told.get("message", ""))
    if state in {fetching.WAITING, fetching.FETCHING} and session.state in FINISHED:
        state, message = fetching.FAILED, _("The session ended before.")
    retry = state == fetching.FAILED and session.state == SessionState.READY
    folder, commit = str(told.get("folder", "")), str(told.get("commit", ""))
    return RepositoryView(link, state, message, folder, commit, can_retry=retry)
