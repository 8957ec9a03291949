"""When a session ends by itself, and why: its life is over, or nobody has used it for too long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils import timezone

from sessions.definitions import Launch
from sessions.models import Session, SessionState

#: So long before an end its owner is warned; of a short life a quarter is enough.
WARNING = timedelta(minutes=15)
#: Use is seen by looking at the hub only: without a look for so long nobody can tell of it.
BLIND = timedelta(minutes=2)


class Cause(StrEnum):
    """Why a session ends by itself."""

    LIFE = "life"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class End:
    """The moment at which a session ends unless something is done, and why."""

    at: datetime
    cause: Cause
    warn_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether the moment has come."""
        return now >= self.at

    def is_near(self, now: datetime) -> bool:
        """Whether its owner has to know."""
        return now >= self.warn_at


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a session may go on, and where it opens, as it was when it was launched.

    None is no limit.
    """

    lifetime_hours: float | None = None
    max_lifetime_hours: float | None = None
    extend_hours: float | None = None
    minutes_idle: int | None = None
    opens: str = "lab"

    @classmethod
    def from_launch(cls, launch: Launch) -> Policy:
        """Return the policy of what a session is started with."""
        return cls(
            launch.lifetime_hours,
            launch.max_lifetime_hours,
            launch.extend_hours,
            launch.minutes_idle,
            launch.default_url,
        )

    @property
    def longest_hours(self) -> float | None:
        """The hours after which it ends whatever was extended."""
        return self.max_lifetime_hours or self.lifetime_hours

    def as_state(self) -> dict[str, Any]:
        """Return it as a session keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, session: Session) -> Policy:
        """Return a session's policy."""
        known = session.policy
        return cls(**{name: known[name] for name in cls.__dataclass_fields__ if name in known})


def ends_of(session: Session) -> list[End]:
    """Return the ends of a running session, the next one first; none for others."""
    if session.state != SessionState.READY or session.ready_at is None:
        return []
    ends = []
    if session.expires_at is not None:
        ends.append(_end(session.expires_at, Cause.LIFE, session.expires_at - session.ready_at))
    if minutes := Policy.of(session).minutes_idle:
        span = timedelta(minutes=minutes)
        used_at = max(session.ready_at, session.last_activity_at or session.ready_at)
        ends.append(_end(used_at + span, Cause.IDLE, span))
    return sorted(ends, key=lambda end: end.at)


def next_end(session: Session) -> End | None:
    """Return the end that comes first."""
    return next(iter(ends_of(session)), None)


def is_blind(session: Session, now: datetime) -> bool:
    """Whether a session may have been used unseen by the portal."""
    return session.checked_at is None or now - session.checked_at > BLIND


def known_end(session: Session, now: datetime) -> End | None:
    """Return the end that comes first for sure: an end without use waits until use is seen."""
    blind = is_blind(session, now)
    known = (end for end in ends_of(session) if not (blind and end.cause is Cause.IDLE))
    return next(known, None)


def near(sessions: Iterable[Session], now: datetime | None = None) -> list[tuple[Session, End]]:
    """Return those that end soon for sure, the most urgent first."""
    moment = now or timezone.now()
    found = [(each, end) for each in sessions if (end := known_end(each, moment)) is not None]
    return sorted(
        ((session, end) for session, end in found if end.is_near(moment)),
        key=lambda pair: pair[1].at,
    )


def life_until(session: Session, ready_at: datetime) -> datetime | None:
    """Return until when a session that becomes ready at a moment may live."""
    hours = Policy.of(session).lifetime_hours
    return None if hours is None else ready_at + timedelta(hours=hours)


def extended_until(session: Session) -> datetime | None:
    """Return until when the session would live if it were extended now; None where it can't be.

    A life without an end needs no extension, and one at its longest gets none.
    """
    policy, now = Policy.of(session), timezone.now()
    if session.expires_at is None or session.ready_at is None or not policy.extend_hours:
        return None
    until = max(session.expires_at, now) + timedelta(hours=policy.extend_hours)
    if policy.longest_hours is not None:
        until = min(until, session.ready_at + timedelta(hours=policy.longest_hours))
    return until if until > session.expires_at else None


def _end(at: datetime, cause: Cause, span: timedelta) -> End:
    return End(at, cause, at - min(WARNING, span / 4))
