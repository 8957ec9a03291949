"""What the points of a campaign may cost: time, and of the person's quota at the workflow service.

REANA counts processor time as that from the start of a workflow's first step to the end of its
last, and disk as what workspaces hold; so both are told by runs that have ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Any, NamedTuple
from uuid import UUID

from django.core.cache import cache
from django.db.models import QuerySet

from accounts.credentials import credential_for
from accounts.models import User
from reproducibility.backends import AUDIENCE, Quota, Usage, get_backend
from reproducibility.models import AnalysisVersion, Campaign, PointState, Run, RunState
from vre_portal.errors import PortalError

#: From so many runs it is told what one usually takes.
LAST_RUNS = 20
#: A quota that was just read serves for a preview, the page after it, and the next look, seconds.
KEPT = 30


class Basis(StrEnum):
    """Whose runs an estimate comes from."""

    POINTS = "points"
    RUNS = "runs"
    NOTHING = "nothing"


class Usual(NamedTuple):
    """What one run takes in the middle: seconds from click to end, of them at work, and bytes."""

    seconds: float | None = None
    cpu: float | None = None
    disk: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What is needed of something, and what there is: seconds or bytes, None where unknown."""

    needed: float | None
    usage: Usage | None

    @property
    def left(self) -> int | None:
        """What may be used still, None without a limit."""
        return self.usage.left if self.usage else None

    @property
    def is_short(self) -> bool:
        """Whether it will not suffice."""
        if self.left is None:
            return False
        return self.left == 0 or (self.needed is not None and self.needed > self.left)


@dataclass(frozen=True, slots=True)
class Cost:
    """What `points` points may take with so many at the same time; `seconds` from start to end."""

    points: int
    at_once: int
    basis: Basis
    seconds: float | None
    cpu: Share
    disk: Share
    problem: str = ""

    @property
    def is_short(self) -> bool:
        """Whether the quota will not suffice."""
        return self.cpu.is_short or self.disk.is_short


def of_wish(user: User, version: AnalysisVersion, *, points: int, at_once: int) -> Cost:
    """Return what points of a version may cost, by the last runs of its analysis, of anybody."""
    usual = _usual_of_analysis(version)
    return _cost(user, usual, Basis.RUNS, points=points, at_once=at_once)


def of_campaign(campaign: Campaign) -> Cost:
    """Return what the points that wait may cost: by those that are done, else as for a wish."""
    done = Run.objects.filter(point__campaign=campaign, point__state=PointState.FINISHED)
    usual, basis = _usual(done), Basis.POINTS
    if usual.seconds is None:
        usual, basis = _usual_of_analysis(campaign.version), Basis.RUNS
    waiting = campaign.points.filter(state=PointState.WAITING).count()
    return _cost(campaign.user, usual, basis, points=waiting, at_once=campaign.at_once)


def _cost(user: User, usual: Usual, basis: Basis, *, points: int, at_once: int) -> Cost:
    quota, problem = _quota(user)
    abreast = max(1, min(at_once, points))
    return Cost(
        points=points,
        at_once=abreast,
        basis=Basis.NOTHING if usual.seconds is None else basis,
        seconds=_times(usual.seconds, points / abreast),
        cpu=Share(_times(usual.cpu, points), _in_seconds(quota.cpu)),
        disk=Share(_times(usual.disk, points), quota.disk),
        problem=problem,
    )


def _times(one: float | None, times: float) -> float | None:
    return None if one is None else one * times


def _usual_of_analysis(version: AnalysisVersion) -> Usual:
    return _usual(Run.objects.filter(analysis=version.analysis_id))


def _usual(runs: QuerySet[Run]) -> Usual:
    """Return what the last of some runs took."""
    ended = runs.filter(state=RunState.FINISHED, finished_at__isnull=False).order_by("-finished_at")
    rows = list(ended.values_list("created_at", "finished_at", "steps", "seen")[:LAST_RUNS])
    return Usual(
        seconds=_middle((end - start).total_seconds() for start, end, _steps, _seen in rows if end),
        cpu=_middle(_at_work(steps) for _start, _end, steps, _seen in rows),
        disk=_middle(_size(seen) for _start, _end, _steps, seen in rows),
    )


def _middle(numbers: Iterable[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return median(known) if known else None


def _at_work(steps: list[Mapping[str, Any]]) -> float | None:
    """Return the seconds from the start of a workflow's first step to the end of its last."""
    jobs = [step for step in steps[1:-1] if step["started"] and step["seconds"] is not None]
    if not jobs:
        return None
    starts = [datetime.fromisoformat(job["started"]).timestamp() for job in jobs]
    ends = [start + job["seconds"] for start, job in zip(starts, jobs, strict=True)]
    return float(max(ends) - min(starts))


def _size(seen: Mapping[str, Any]) -> int | None:
    return seen.get("size") or None  # 0 is what was deleted since


def _quota(user: User) -> tuple[Quota, str]:
    """Return how much a person uses, and why it is not known."""
    key = _key(user.pk)
    kept: Quota | None = cache.get(key)
    if kept is None:
        try:
            kept = get_backend().quota(credential_for(user, AUDIENCE))
        except PortalError as exc:
            return Quota(None, None), exc.message
        cache.set(key, kept, KEPT)
    return kept, ""


def _key(user_id: UUID) -> str:
    return f"workflow-quota:{user_id}"


def _in_seconds(cpu: Usage | None) -> Usage | None:
    if cpu is None:
        return None
    return Usage(cpu.used // 1000, None if cpu.limit is None else cpu.limit // 1000)
