"""What drives a campaign: it takes in what ended, and starts the next points, a few at a time.

A point gets its run in the transaction that marks it, so that a killed worker leaves each point
with one run or none; the run itself finds its workflow again by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from activity import services as activity
from activity.models import Level
from reproducibility.models import (
    ACTIVE,
    Campaign,
    CampaignState,
    Failure,
    Kind,
    Point,
    PointState,
    Run,
    RunState,
)
from reproducibility.services.campaigns import leftovers, pacing
from reproducibility.services.runs import begin
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import PortalError
from vre_portal.live import publish
from vre_portal.models import Operation

KIND = "campaign.drive"
TOPIC = "campaign"
#: Seconds between two looks, while something goes on and while points wait for a service.
LOOK_SECONDS, WAIT_SECONDS = 1.0, 5.0
#: Points that one turn starts, so that its lease is never at stake.
STARTS = 20
#: Before a point starts again after a fault of a service: doubled each time.
PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=30)
#: What may be over at the next try; all else is the analysis's own.
PASSING = (Failure.SERVICE, Failure.GONE)


def step(operation: Operation) -> operations.Outcome:
    """Take in what ended and start what may start."""
    rows = Campaign.objects.select_related("user", "version__analysis")
    campaign = rows.filter(pk=operation.subject).first()
    if campaign is None:
        return operations.Done()
    changed = _take_in(campaign)
    campaign.refresh_from_db(fields=["state", "message", "first", "at_once", "priority"])
    quiet = pacing.silence(campaign.user_id)
    if quiet and changed and not quiet.seconds:
        pacing.went_well(campaign.user_id)
        quiet = None
    said = _say(campaign, quiet.words if quiet else "")
    may_start = campaign.state == CampaignState.RUNNING and not (quiet and quiet.seconds)
    started = _start_some(campaign) if may_start else 0
    if changed or started or said:
        tell(campaign)
    if campaign.points.filter(state=PointState.RUNNING).exists():
        return operations.Again(LOOK_SECONDS)
    if campaign.state == CampaignState.RUNNING and _waiting(campaign).exists():
        return operations.Again(LOOK_SECONDS if started else WAIT_SECONDS)
    return _ended(campaign)


def gave_up(operation: Operation, error: PortalError) -> None:
    """Pause a campaign that can't be driven; nothing of it is lost."""
    campaign = Campaign.objects.filter(pk=operation.subject).first()
    if campaign is not None:
        _pause(campaign, error.message)


def tell(campaign: Campaign) -> None:
    """Tell the open pages."""
    told = {"state": campaign.state, "message": campaign.message, "counts": campaign.counts()}
    publish(f"{TOPIC}:{campaign.pk}", told)


def _take_in(campaign: Campaign) -> int:
    """Write down what became of runs that have ended, and return how many."""
    running = campaign.points.filter(state=PointState.RUNNING).select_related("run")
    ended = list(running.filter(Q(run=None) | ~Q(run__state__in=ACTIVE)))
    for point in ended:
        _write_down(campaign, point)
        if point.run and point.run.failure == Failure.QUOTA:
            _pause(campaign, _("Your quota is used up: %s") % point.run.message)
    return len(ended)


@transaction.atomic
def _write_down(campaign: Campaign, point: Point) -> None:
    became = _became(campaign, point)
    rows = Point.objects.filter(pk=point.pk, state=PointState.RUNNING, run=point.run)
    if rows.update(**became) and point.run and became["state"] == PointState.WAITING:
        # Why it failed stays with the point; a worker takes the run away with its workflow.
        leftovers.forget(campaign)


def _became(campaign: Campaign, point: Point) -> Mapping[str, Any]:
    run = point.run
    if run is None:
        return {"state": PointState.WAITING}  # it was deleted
    seconds = (run.finished_at - run.created_at).total_seconds() if run.finished_at else None
    if run.state == RunState.FINISHED:
        return {"state": PointState.FINISHED, "seconds": seconds, "cause": "", "reason": ""}
    told = {"cause": run.failure, "reason": run.message, "seconds": seconds}
    if run.state == RunState.STOPPED:
        return told | {"state": PointState.CANCELLED}
    if run.failure == Failure.QUOTA:
        return told | {"state": PointState.WAITING, "run": None}
    if run.failure in PASSING and point.attempts <= campaign.retries:
        due = timezone.now() + min(PAUSE * 2 ** (point.attempts - 1), LONGEST_PAUSE)
        return told | {"state": PointState.WAITING, "run": None, "due_at": due}
    return told | {"state": PointState.FAILED}


def _say(campaign: Campaign, words: str) -> bool:
    """Say what a campaign that goes on waits for; whether that is new."""
    rows = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.RUNNING)
    if campaign.message == words or not rows.update(message=words):
        return False
    campaign.message = words
    return True


def _start_some(campaign: Campaign) -> int:
    started = 0
    for _n in range(pacing.may_start(campaign, min(_room(campaign), STARTS))):
        if not _start_next(campaign):
            break
        started += 1
    return started


def _room(campaign: Campaign) -> int:
    """Return how many more may run: of the campaign, and of all campaigns of its person."""
    others = Campaign.objects.filter(user=campaign.user, state=CampaignState.RUNNING)
    for other in others.filter(priority__gt=campaign.priority):
        if _due(other).exists():
            return 0
    mine = campaign.points.filter(state=PointState.RUNNING).count()
    all_mine = Run.objects.filter(user=campaign.user, kind=Kind.POINT).active().count()
    return max(0, min(campaign.at_once - mine, get_config().campaign_runs - all_mine))


def _waiting(campaign: Campaign) -> QuerySet[Point]:
    rows = campaign.points.filter(state=PointState.WAITING)
    return rows.filter(number__lte=campaign.first) if campaign.first else rows


def _due(campaign: Campaign) -> QuerySet[Point]:
    return _waiting(campaign).filter(Q(due_at=None) | Q(due_at__lte=timezone.now()))


@transaction.atomic
def _start_next(campaign: Campaign) -> bool:
    """Give the next point its run, unless the campaign was paused this moment."""
    rows = Campaign.objects.select_for_update(no_key=True)
    if rows.get(pk=campaign.pk).state != CampaignState.RUNNING:
        return False
    point = _due(campaign).select_for_update(skip_locked=True).first()
    if point is None:
        return False
    version = campaign.version
    run = begin(campaign.user, version, kind=Kind.POINT, parameters=point.values)
    Point.objects.filter(pk=point.pk).update(
        state=PointState.RUNNING, run=run, attempts=F("attempts") + 1, due_at=None
    )
    return True


def _ended(campaign: Campaign) -> operations.Outcome:
    """End a turn in which nothing runs and nothing may start."""
    if campaign.state != CampaignState.RUNNING:
        return operations.Done()
    counts = campaign.counts()
    if campaign.first and counts.get(PointState.WAITING):
        words = _("The first %s points are done. Look at them, then go on with all others.")
        _pause(campaign, words % campaign.first, Level.OK)
        return operations.Done()
    failed = counts.get(PointState.FAILED, 0)
    words = _("%(done)s of %(total)s points are done, %(failed)s failed.")
    told = {"done": counts.get(PointState.FINISHED, 0), "total": campaign.total, "failed": failed}
    rows = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.RUNNING)
    with transaction.atomic():
        if rows.update(
            state=CampaignState.FINISHED, message=words % told, finished_at=timezone.now()
        ):
            campaign.refresh_from_db()
            _note(campaign, Level.WARNING if failed else Level.OK)
    tell(campaign)
    return operations.Done()


@transaction.atomic
def _pause(campaign: Campaign, words: str, level: Level = Level.WARNING) -> None:
    rows = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.RUNNING)
    if rows.update(state=CampaignState.PAUSED, message=words):
        campaign.refresh_from_db()
        _note(campaign, level)
        tell(campaign)


def _note(campaign: Campaign, level: Level) -> None:
    activity.record(
        user_id=campaign.user_id, verb=f"campaign.{campaign.state}", subject=(TOPIC, campaign.pk),
        text=f"{campaign.title}: {campaign.message}", level=level, url=f"/campaigns/{campaign.pk}",
    )  # fmt: skip
