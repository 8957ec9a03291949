"""One's campaigns as a list shows them: each with how far it is, all by one query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from reproducibility.models import Campaign, Point, PointState
from reproducibility.services.campaigns.looking import ENDED


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign and how many of its points have ended, well or not."""

    campaign: Campaign
    ended: int
    failed: int


def listed(campaigns: Sequence[Campaign]) -> list[Listed]:
    """Return a page of campaigns with how far they are."""
    ended, failed = Counter[object](), Counter[object]()
    rows = Point.objects.filter(campaign__in=campaigns, state__in=ENDED).order_by()
    counted = rows.values_list("campaign", "state").annotate(count=Count("pk"))
    for key, state, count in counted:
        ended[key] += count
        failed[key] += count if state == PointState.FAILED else 0
    return [Listed(each, ended[each.pk], failed[each.pk]) for each in campaigns]
