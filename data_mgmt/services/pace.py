"""How fast a request goes on: what has arrived in the last minutes, and how long the rest takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone

from data_mgmt.models import ReplicaRequest, RequestState

#: Speed is that of so many seconds.
WINDOW = 300
#: A shorter look says nothing.
SHORTEST = 4.0
Sample = tuple[float, int, int]
MOVING = {RequestState.REPLICATING, RequestState.STUCK}


@dataclass(frozen=True, slots=True)
class Pace:
    """What arrived in a span of seconds, and the seconds that the rest takes if it goes on so."""

    span: float
    files: int
    bytes: int
    left: float | None

    @property
    def bytes_per_second(self) -> float:
        """The speed."""
        return self.bytes / self.span


def note(request: ReplicaRequest, now: datetime) -> None:
    """Remember how far a request is, for as long as the window."""
    if request.state not in MOVING:
        return
    at = now.timestamp()
    kept = [sample for sample in _samples(request.pk) if at - WINDOW <= sample[0] < at]
    here = (at, request.files_done, request.bytes_done)
    cache.set(_key(request.pk), [*kept, here], WINDOW)


def pace_of(request: ReplicaRequest, now: datetime | None = None) -> Pace | None:
    """Return how fast it goes on; None while it is not watched for long enough."""
    at = (now or timezone.now()).timestamp()
    samples = [sample for sample in _samples(request.pk) if sample[0] >= at - WINDOW]
    if request.state not in MOVING or not samples:
        return None
    began, files, size = samples[0]
    span = at - began
    if span < SHORTEST:
        return None
    files, size = max(0, request.files_done - files), max(0, request.bytes_done - size)
    return Pace(span, files, size, _left(request, span, files, size))


def _left(request: ReplicaRequest, span: float, files: int, size: int) -> float | None:
    """Return the seconds that the rest takes, by bytes where their number is known."""
    if request.state == RequestState.STUCK:
        return None  # what is stuck keeps no time
    if size:
        return span * (request.bytes_total - request.bytes_done) / size
    return span * (request.files_total - request.files_done) / files if files else None


def _samples(key: UUID) -> list[Sample]:
    return cache.get(_key(key)) or []


def _key(key: UUID) -> str:
    return f"pace:{key}"
