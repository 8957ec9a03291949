"""A campaign made again from its own points, and whether it gave the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from django.core.cache import cache

from accounts.models import User
from reproducibility.models import Campaign, CampaignState, Point, PointState
from reproducibility.points.values import Points
from reproducibility.services.campaigns import making
from reproducibility.services.campaigns.results import Declared
from vre_portal.config import get_config

#: Numbers with a point may differ by this part of the larger one; all else is the same or not.
RTOL = 1e-6
#: Points that differ and are shown, and for how long a comparison is kept, seconds.
SHOWN, KEEP_SECONDS = 10, 24 * 3600


@dataclass(frozen=True, slots=True)
class Difference:
    """A result of a point that is another one now."""

    number: int
    name: str
    before: object
    now: object


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the results of two campaigns over the same points compare, counted in points.

    `missing` have a result on one side only, or have not finished there.
    """

    same: int
    differ: int
    missing: int
    first: tuple[Difference, ...]

    @property
    def is_reproduced(self) -> bool:
        """Whether every point gave the same."""
        return not self.differ and not self.missing


def again(user: User, campaign_id: UUID | str) -> Campaign:
    """Make a campaign of the same version, points and results; nothing of it starts.

    Raises
    ------
    NotFound
        There is no such campaign, or it is not the user's to see.
    Forbidden
        An input is under an embargo.
    """
    before = making.find(user, campaign_id)
    rows = before.points.order_by("number").values_list("values", flat=True)
    columns = tuple(before.columns)
    wish = making.Wish(
        points=Points(columns, tuple(tuple(row[name] for name in columns) for row in rows)),
        title=before.title,
        source=before.source,
        results=[Declared(**each) for each in before.results],
        at_once=min(before.at_once, get_config().campaign_runs),
        retries=before.retries,
    )
    return making.create(user, before.version, wish, again_of=before)


def repeated(user: User, campaign: Campaign) -> Campaign | None:
    """Return the campaign that one repeats; None where that is gone, or not the user's to see."""
    if campaign.again_of_id is None:
        return None
    return Campaign.objects.visible_to(user).filter(pk=campaign.again_of_id).first()


def comparison(campaign: Campaign, before: Campaign | None) -> Comparison | None:
    """Return how a campaign compares with the one that it repeats, once both have finished."""
    both = [each for each in (before, campaign) if each is not None]
    if before is None or any(each.state != CampaignState.FINISHED for each in both):
        return None
    ends = [f"{each.pk}-{each.finished_at}" for each in both]
    key = f"campaigns-compared:{uuid5(campaign.pk, ' '.join(ends))}"
    found: Comparison | None = cache.get(key)
    if found is None:
        found = _compared(before, campaign)
        cache.set(key, found, timeout=KEEP_SECONDS)
    return found


def _compared(before: Campaign, now: Campaign) -> Comparison:
    names = [each["name"] for each in now.results]
    same = differ = missing = 0
    first: list[Difference] = []
    for one, other in zip(_points(before), _points(now), strict=False):
        if not _has_all(one, names) or not _has_all(other, names):
            missing += 1
            continue
        differences = list(_differences(one, other, names))
        same, differ = same + (not differences), differ + bool(differences)
        first += islice(differences, SHOWN - len(first))
    missing += abs(before.total - now.total)
    return Comparison(same, differ, missing, tuple(first))


def _points(campaign: Campaign) -> Iterator[Point]:
    rows = campaign.points.order_by("number").only("number", "state", "results")
    return rows.iterator(chunk_size=2000)


def _has_all(point: Point, names: list[str]) -> bool:
    found: Mapping[str, Any] = point.results
    return point.state == PointState.FINISHED and all("value" in found.get(n, {}) for n in names)


def _differences(one: Point, other: Point, names: list[str]) -> Iterator[Difference]:
    for name in names:
        before, now = one.results[name]["value"], other.results[name]["value"]
        if not is_same(before, now):
            yield Difference(one.number, name, before, now)


def is_same(before: object, now: object) -> bool:
    """Whether two results are the same: floats nearly, whole numbers and all else exactly.

    >>> is_same(0.1 + 0.2, 0.3), is_same(1, 2), is_same(True, 1)
    (True, False, False)
    """
    if isinstance(before, bool) or isinstance(now, bool):
        return before is now
    if isinstance(before, int | float) and isinstance(now, int | float):
        is_float = isinstance(before, float) or isinstance(now, float)
        return math.isclose(before, now, rel_tol=RTOL) if is_float else before == now
    return before == now
