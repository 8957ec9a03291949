"""What the card of a running session says: when it ends, what it uses, what a stop would lose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from sessions.models import Session
from sessions.services import usage_of
from sessions.services.ends import Cause, Policy, ends_of, extended_until
from sessions.services.meters import Meter, kernels, meters
from vre_portal.components import formats


@dataclass(frozen=True, slots=True)
class EndLine:
    """One end: the moment, and why, in words."""

    at: datetime
    why: str
    is_next: bool


@dataclass(frozen=True, slots=True)
class SessionCard:
    """What a page says of a session that runs, besides its state."""

    ends: list[EndLine]
    can_extend: bool
    why_not: str
    meters: list[Meter]
    kernels: str


def card_of(session: Session) -> SessionCard:
    """Return the card of a running session."""
    ends = ends_of(session)
    life = next((end.at for end in ends if end.cause is Cause.LIFE), None)
    until = extended_until(session)
    idle = any(end.cause is Cause.IDLE for end in ends)
    usage = usage_of(session)
    return SessionCard(
        # An end without use that would come after the life is over is none.
        ends=[
            EndLine(end.at, _why(session, end.cause), end is ends[0])
            for end in ends
            if life is None or end.at <= life
        ],
        can_extend=until is not None or (idle and ends[0].cause is Cause.IDLE),
        why_not=_why_not(session, until),
        meters=meters(usage) if usage else [],
        kernels=kernels(usage) if usage else "",
    )


def _why(session: Session, cause: Cause) -> str:
    if cause is Cause.LIFE:
        lived = session.expires_at - session.ready_at if session.expires_at else timedelta()  # type: ignore[operator]  # ready sessions have both
        return _("its life of %s is over then") % formats.duration(lived)
    idle = timedelta(minutes=Policy.of(session).minutes_idle or 0)
    return _("if nobody uses it until then (%s without use)") % formats.duration(idle)


def _why_not(session: Session, until: datetime | None) -> str:
    """Return why its life can't be longer, empty where it can or has no end."""
    if until is not None or session.expires_at is None:
        return ""
    policy = Policy.of(session)
    if not policy.extend_hours:
        return _("Sessions of this environment can't be extended.")
    longest = policy.longest_hours or 0
    return _("It lives as long as a session of this environment may: %g hours.") % longest
