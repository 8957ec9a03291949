"""What Home shows, gathered from each app's own tables: no backend is asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import data_mgmt.services
import reproducibility.services
import sessions.services
from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import managers
from data_mgmt.words import request_sentence
from reproducibility.models import Run
from reproducibility.presenting import shown
from sessions.models import Session, SessionState
from sessions.services import Quick

PINNED = 6


@dataclass(frozen=True, slots=True)
class Item:
    """A row of Home: what it is, how it stands in a sentence, and where it leads."""

    title: str
    text: str
    url: str
    state: str
    topic: str
    lead: str = ""
    mono: bool = False
    value: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Home:
    """What waits for the user, what is under way, and what they may go on with."""

    needs: list[Item] = field(default_factory=list)
    active: list[Item] = field(default_factory=list)
    recent: list[Item] = field(default_factory=list)
    pinned: list[Did] = field(default_factory=list)
    quick: Quick = field(default_factory=Quick)

    @property
    def topics(self) -> str:
        """The topics that the page watches."""
        return " ".join(item.topic for item in self.active)

    @property
    def sentence(self) -> str:
        """How things are, in a sentence."""
        waiting, running = len(self.needs), len(self.active)
        parts = []
        if waiting:
            parts.append(
                ngettext("%(n)s thing needs you", "%(n)s things need you", waiting) % {"n": waiting}
            )
        if running:
            parts.append(
                ngettext("%(n)s is under way", "%(n)s are under way", running) % {"n": running}
            )
        return (", ".join(parts) or _("Nothing waits for you, nothing is running")) + "."


def gather(user: User) -> Home:
    """Return the user's Home."""
    requests = data_mgmt.services.summary(user)
    sessions_now = sessions.services.summary(user)
    running, ended = reproducibility.services.summary(user)
    stuck = [row for row in requests if row.state == RequestState.STUCK]
    moving = [row for row in requests if row.state != RequestState.STUCK]
    return Home(
        needs=_approvals(user)
        + [_request(row) for row in stuck]
        + [_session(row) for row in sessions_now.failed],
        active=[
            *(_session(row) for row in sessions_now.active),
            *(_run(row) for row in running),
            *(_request(row) for row in moving),
        ],
        recent=[_run(row) for row in ended]
        + ([_session(sessions_now.last)] if sessions_now.last else []),
        pinned=[kept.did for kept in data_mgmt.services.favourites(user, limit=PINNED)],
        quick=sessions.services.quick(user),
    )


def _approvals(user: User) -> list[Item]:
    """Return what waits for a data manager."""
    count = managers.waiting_count(user.pk)
    if not count:
        return []
    text = ngettext(
        "%(n)s thing waits for your decision", "%(n)s things wait for your decision", count
    )
    return [
        Item(
            title=_("Approvals"),
            text=text % {"n": count},
            url=reverse("data_mgmt:approvals"),
            state="pending",
            topic="",
        )
    ]


def _request(row: ReplicaRequest) -> Item:
    return Item(
        title=str(row.did),
        lead=_("Replica of"),
        mono=True,
        text=request_sentence(row),
        url=reverse("data_mgmt:request", args=[row.pk]),
        state=row.state,
        topic=f"replica-request:{row.pk}",
        value=row.files_done,
        total=row.files_total,
    )


def _session(row: Session) -> Item:
    return Item(
        title=row.name,
        lead=_("Session"),
        text=row.message or row.environment_name,
        url=reverse("sessions:session", args=[row.pk]),
        state=row.state,
        topic=f"session:{row.pk}",
        value=row.percent if row.state != SessionState.READY else 0,
        total=100 if row.state == SessionState.STARTING else 0,
    )


def _run(row: Run) -> Item:
    view = shown(row)
    done = sum(step.state == "done" for step in view.steps)
    return Item(
        title=_("%(title)s, run %(number)s") % {"title": row.analysis.title, "number": row.number},
        text=row.message,
        url=reverse("reproducibility:run", args=[row.pk]),
        state=view.badge,
        topic=f"run:{row.pk}",
        value=done,
        total=len(view.steps) if row.active else 0,
    )
