"""A session in words, as its pages show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions import environments
from sessions.models import Session, SessionState
from sessions.services import open_url
from sessions.services.ends import next_end
from vre_portal.components import formats, inline
from vre_portal.errors import PortalError


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the session's timeline."""

    text: str
    time: datetime
    tone: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A session with what a page says of it."""

    session: Session
    sentence: str
    line: str
    reason: str
    url: str

    @property
    def log(self) -> str:
        """The lines that follow the reason of a failure."""
        return "\n".join(self.session.message.splitlines()[1:])

    @property
    def settings(self) -> dict[str, object]:
        """What it was launched with, in words."""
        return _settings(self.session)

    @property
    def timeline(self) -> list[Line]:
        """What happened, newest first."""
        return _timeline(self.session)

    @property
    def stop_question(self) -> str:
        """What is asked before it is stopped."""
        if self.session.is_pending:
            return _("Cancel the start of %s?") % self.session.name
        return _(
            "Stop %s? Files are kept. Variables in memory and what is not saved are lost."
        ) % self.session.name  # fmt: skip

    @property
    def stop_label(self) -> str:
        """The name of the stop button for a screen reader."""
        return _("Stop %s") % self.session.name

    @property
    def open_label(self) -> str:
        """The name of the open button for a screen reader."""
        return _("Open %s in a new tab") % self.session.name

    @property
    def again_label(self) -> str:
        """The name of the button that launches it again for a screen reader."""
        return _("Launch %s again") % self.session.name

    @property
    def consequence(self) -> str:
        """What it means for this session that the hub does not answer."""
        if self.session.is_pending:
            return _("Your session waits and starts by itself when it is back.")
        if self.session.state == SessionState.STOPPING:
            return _("Your session is stopped when it is back.")
        return _("Nothing of your session is lost.")


def shown(session: Session) -> Shown:
    """Return a session as a page shows it."""
    return Shown(
        session=session,
        sentence=_sentence(session),
        line=_line(session),
        reason=_reason(session.message),
        url=open_url(session),
    )


def _sentence(session: Session) -> str:
    name = session.environment_name
    match session.state:
        case SessionState.READY:
            return _("%s runs. It opens in a new tab, and goes on when you close it.") % name
        case SessionState.FAILED:
            return _("%s did not start.") % name
        case SessionState.STOPPED:
            return _("%s has stopped. Your files are kept.") % name
        case SessionState.STOPPING:
            return session.message
    return _("%(name)s: %(message)s") % {"name": name, "message": session.message}


def _reason(message: str) -> str:
    """Return a message's first line; where a log follows, without the words that lead to it."""
    first = (message.splitlines() or [""])[0]
    return f"{first.rpartition('. ')[0]}." if first.endswith(":") and ". " in first else first


def _line(session: Session) -> str:
    """Return the one line that matters in a list."""
    parts = [] if session.name == session.environment_name else [session.environment_name]
    parts += _several(session.datasets)
    said = _used(session) if session.state == SessionState.READY else _reason(session.message)
    return f"{', '.join(parts)}: {said}" if parts else said


def _several(dids: Sequence[str]) -> list[str]:
    """Return the first DID, and how many more there are."""
    more = len(dids) - 1
    told = [ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}] if more > 0 else []
    return [" ".join([*dids[:1], *told])] if dids else []


def _used(session: Session) -> str:
    """Return since when it runs and when it was last used."""
    now = timezone.now()
    parts = (
        [_("ready %s") % formats.relative(session.ready_at, now=now)] if session.ready_at else []
    )
    if session.last_activity_at:
        parts.append(_("last used %s") % formats.relative(session.last_activity_at, now=now))
    if (end := next_end(session)) is not None:
        parts.append(_("ends %s") % formats.relative(end.at, now=now))
    return ", ".join(parts) or session.message


def _settings(session: Session) -> dict[str, object]:
    """Return what the session was launched with, in words."""
    facts: dict[str, object] = {_("Environment"): session.environment_name}
    facts |= _choices(session)
    if session.origin:
        link = '<a href="{}">{}</a>'
        facts[_("From")] = format_html(link, session.origin["url"], session.origin["title"])
    if session.datasets:
        name = ngettext("Dataset", "Datasets", len(session.datasets))
        facts[name] = format_html_join(" ", "{}", ((_dataset(did),) for did in session.datasets))
    facts[_("Launched")] = inline.when(session.created_at)
    if session.ready_at and session.waited:
        facts[_("Start took")] = formats.duration(session.waited)
    if session.last_activity_at and session.is_active:
        facts[_("Last used")] = inline.when(session.last_activity_at)
    if session.stopped_at:
        facts[_("Ended")] = inline.when(session.stopped_at)
    facts[_("Name at the hub")] = session.server
    if session.digest:
        digest = {
            "value": session.digest,
            "text": session.digest.rpartition(":")[2][:12],
            "copy": True,
        }
        facts[_("Exactly what it runs in")] = render_to_string("components/identifier.html", digest)
    return facts


def _dataset(did: str) -> SafeString:
    """Return a DID that leads to its page and can be copied."""
    url = f"/data/{quote(did, safe=':')}"
    values = {"value": did, "text": did, "url": url, "copy": True}
    return render_to_string("components/identifier.html", values)


def _choices(session: Session) -> dict[str, str]:
    """Return names of options and choices, or their keys where the site no longer has them."""
    try:
        options = {option.key: option for option in environments.named(session.environment).options}
    except PortalError:
        options = {}
    named: dict[str, str] = {}
    for key, value in session.choices.items():
        option = options.get(key)
        choice = option.choice(value) if option else None
        named[option.title if option else key] = choice.title if choice else value
    return named


def _timeline(session: Session) -> list[Line]:
    events: list[Mapping[str, str]] = session.events
    lines = [
        Line(_reason(event["text"]), datetime.fromisoformat(event["at"]), "ok") for event in events
    ]
    if lines and session.state != SessionState.READY:
        lines[-1] = _told(events[-1], TONES[SessionState(session.state)])
    return lines[::-1]


def _told(event: Mapping[str, str], tone: str) -> Line:
    return Line(_reason(event["text"]), datetime.fromisoformat(event["at"]), tone)


TONES = {
    SessionState.QUEUED: "wait",
    SessionState.STARTING: "run",
    SessionState.READY: "ok",
    SessionState.STOPPING: "wait",
    SessionState.STOPPED: "idle",
    SessionState.FAILED: "bad",
}
