"""How a campaign stands: counts, rate, time left, stragglers, why points failed, its table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from statistics import median
from typing import Any

from django.db.models import Count, Min
from django.utils import timezone

from reproducibility.models import Campaign, CampaignState, Point, PointState

#: Points that a look at the rate goes back over, and reasons and stragglers that a page shows.
LAST, GROUPS, STRAGGLERS = 100, 20, 10
#: A point that runs so many times longer than usual is a straggler.
SLOW = 3.0
#: Points that need nothing any more.
ENDED = (PointState.FINISHED, PointState.FAILED, PointState.CANCELLED)
#: One letter a point, in the order of the table: 100,000 points are 100 kB.
LETTERS = {
    PointState.WAITING: "w",
    PointState.RUNNING: "r",
    PointState.FINISHED: "f",
    PointState.FAILED: "x",
    PointState.CANCELLED: "c",
}
_NUMBERS = re.compile(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Group:
    """Points that failed alike: why, how many, and the first of them."""

    cause: str
    reason: str
    count: int
    first: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a campaign is; `rate` is points a minute, `left` and `usual` are seconds.

    Numbers that can't be known yet are None.
    """

    counts: dict[str, int]
    rate: float | None
    left: float | None
    usual: float | None
    stragglers: tuple[Point, ...]
    failures: tuple[Group, ...]

    @property
    def done(self) -> int:
        """Points that need nothing any more."""
        return sum(self.counts.get(state, 0) for state in ENDED)


def standing(campaign: Campaign) -> Standing:
    """Return how a campaign stands, by some queries of bounded size."""
    counts = campaign.counts()
    usual = _usual(campaign)
    rate = _rate(campaign) if campaign.state == CampaignState.RUNNING else None
    waiting = counts.get(PointState.WAITING, 0) + counts.get(PointState.RUNNING, 0)
    return Standing(
        counts=counts,
        rate=rate,
        left=60 * waiting / rate if rate else None,
        usual=usual,
        stragglers=tuple(_stragglers(campaign, usual)),
        failures=tuple(failures(campaign)),
    )


def _usual(campaign: Campaign) -> float | None:
    done = campaign.points.filter(state=PointState.FINISHED, seconds__isnull=False)
    last = done.order_by("-run__finished_at").values_list("seconds", flat=True)[:LAST]
    seconds = [each for each in last if each is not None]
    return median(seconds) if seconds else None


def _rate(campaign: Campaign) -> float | None:
    """Return points a minute over the last ones that ended."""
    ended = campaign.points.exclude(run=None).filter(run__finished_at__isnull=False)
    last = ended.order_by("-run__finished_at").values_list("run__finished_at", flat=True)[:LAST]
    times = [each for each in last if each is not None]
    if len(times) < 2:
        return None
    minutes = (timezone.now() - times[-1]).total_seconds() / 60
    return len(times) / minutes if minutes > 0 else None


def _stragglers(campaign: Campaign, usual: float | None) -> Sequence[Point]:
    if not usual:
        return ()
    before = timezone.now() - timedelta(seconds=SLOW * usual)
    slow = campaign.points.filter(state=PointState.RUNNING, run__created_at__lt=before)
    return list(slow.select_related("run").order_by("run__created_at")[:STRAGGLERS])


def failures(campaign: Campaign) -> Iterator[Group]:
    """Yield why points failed, what differs in numbers alone together, the most first."""
    failed = campaign.points.filter(state=PointState.FAILED)
    rows = failed.values("cause", "reason").annotate(n=Count("pk"), first=Min("number"))
    groups: dict[tuple[str, str], Group] = {}
    for row in rows.order_by("-n")[:1000]:
        key = (row["cause"], _NUMBERS.sub("…", row["reason"]))
        known = groups.get(key)
        groups[key] = Group(
            row["cause"],
            known.reason if known else row["reason"],
            row["n"] + (known.count if known else 0),
            min(row["first"], known.first) if known else row["first"],
        )
    yield from islice(sorted(groups.values(), key=lambda group: -group.count), GROUPS)


def letters(campaign: Campaign) -> str:
    """Return the state of each point as a letter, in the order of the table."""
    states = campaign.points.order_by("number").values_list("state", flat=True)
    return "".join(LETTERS[PointState(state)] for state in states.iterator(chunk_size=5000))


def columns_of(campaign: Campaign) -> list[str]:
    """Return the columns of the table of results."""
    named = [each["name"] for each in campaign.results]
    return ["point", *campaign.columns, *named, "state", "seconds"]


def rows_of(campaign: Campaign, most: int | None = None) -> Iterator[list[Any]]:
    """Yield the table of results or its beginning, a point a row; what has no value is None."""
    names = [each["name"] for each in campaign.results]
    points = campaign.points.order_by("number").only(
        "number", "values", "results", "state", "seconds"
    )
    for point in points[:most].iterator(chunk_size=2000):
        found = [(point.results.get(name) or {}).get("value") for name in names]
        values = [point.values.get(name) for name in campaign.columns]
        seconds = None if point.seconds is None else round(point.seconds, 1)
        yield [point.number, *values, *found, point.state, seconds]
