"""Campaigns as their owner makes, starts, pauses, resumes, cancels and repairs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from reproducibility.models import (
    Analysis,
    AnalysisVersion,
    Campaign,
    CampaignQuerySet,
    CampaignState,
    Point,
    PointState,
    Proof,
    RegistrationState,
    Run,
)
from reproducibility.points.values import Points
from reproducibility.services.analyses import is_uuid
from reproducibility.services.campaigns import leftovers
from reproducibility.services.campaigns.driving import KIND, TOPIC, tell
from reproducibility.services.campaigns.results import Declared, checked
from reproducibility.services.inputs import check_open
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

#: Points that are written by one statement.
BATCH = 2000
#: Campaigns that the page of an analysis lists.
SHOWN = 20
#: Something that its owner does with a campaign.
Act = Callable[[User, UUID], Campaign]
LONGEST_TITLE, LARGEST_PRIORITY = 200, 100
#: Those whose points have still to run.
OPEN = (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to scan: how the points were made is kept, to be made again."""

    points: Points = field(repr=False)
    title: str
    source: Mapping[str, Any] = field(default_factory=dict)
    results: Sequence[Declared] = ()
    at_once: int = 10
    first: int = 0
    retries: int = 3
    priority: int = 0


def create(
    user: User, version: AnalysisVersion, wish: Wish, *, again_of: Campaign | None = None
) -> Campaign:
    """Write a campaign with its points down; nothing of it starts.

    Raises
    ------
    InvalidRequest
        A part of the wish can't be; `field` names it.
    Forbidden
        An input is under an embargo.
    """
    declared = looked_through(user, version, wish)
    with transaction.atomic():
        campaign = Campaign.objects.create(
            user=user,
            version=version,
            title=wish.title.strip(),
            columns=list(wish.points.columns),
            source=dict(wish.source),
            results=[each.as_json() for each in declared],
            total=len(wish.points.rows),
            first=wish.first,
            at_once=wish.at_once,
            retries=wish.retries,
            priority=wish.priority,
            again_of=again_of,
        )
        Point.objects.bulk_create(_rows(campaign, wish), batch_size=BATCH)
        detail = {"analysis": version.analysis.slug, "points": campaign.total}
        audit.record("campaign.made", actor=user, about=(TOPIC, campaign.pk), detail=detail)
    return campaign


def looked_through(user: User, version: AnalysisVersion, wish: Wish) -> list[Declared]:
    """Return the results that are collected when nothing of a wish is wrong; raises as `create`."""
    _check(wish)
    declared = checked(wish.results, wish.points.columns)
    check_open(user, version, {})
    return list(declared)


def _check(wish: Wish) -> None:
    if not wish.title.strip() or len(wish.title) > LONGEST_TITLE:
        raise InvalidRequest(_("Give the campaign a title of at most 200 letters."), field="title")
    if not wish.points.rows:
        raise InvalidRequest(_("There is no point. Give a table or a grid."), field="points")
    _check_at_once(wish.at_once)
    _check_priority(wish.priority)
    if not 0 <= wish.first < len(wish.points.rows):
        words = _("Of %s points at most one fewer can be tried first; 0 tries none.")
        raise InvalidRequest(words % len(wish.points.rows), field="first")
    if not 0 <= wish.retries <= 10:
        raise InvalidRequest(_("A point is tried again at most 10 times."), field="retries")


def _check_at_once(at_once: int) -> None:
    most = get_config().campaign_runs
    if not 1 <= at_once <= most:
        words = _("From 1 to %s runs may be under way at the same time.") % most
        raise InvalidRequest(words, field="at_once")


def _check_priority(priority: int) -> None:
    if abs(priority) > LARGEST_PRIORITY:
        raise InvalidRequest(_("A priority is a number from -100 to 100."), field="priority")


def _rows(campaign: Campaign, wish: Wish) -> Iterator[Point]:
    for number, row in enumerate(wish.points.rows, 1):
        values = dict(zip(wish.points.columns, row, strict=True))
        yield Point(campaign=campaign, number=number, values=values)


def mine(user: User) -> CampaignQuerySet:
    """Return somebody's own campaigns."""
    return Campaign.objects.of(user).select_related("version__analysis", "user")


def shown_of(analysis: Analysis) -> CampaignQuerySet:
    """Return the newest campaigns of an analysis that their owners show."""
    rows = Campaign.objects.filter(version__analysis=analysis).shown()
    return rows.select_related("version", "user")[:SHOWN]


def find(user: User, campaign_id: UUID | str) -> Campaign:
    """Return a campaign of somebody's own, or one that is shown to them; raises `NotFound`."""
    rows = Campaign.objects.visible_to(user).select_related("version__analysis", "user")
    found = rows.filter(pk=campaign_id).first() if is_uuid(campaign_id) else None
    if found is None:
        raise NotFound(_("There is no such campaign, or it is not yours."))
    return found


def go_on(user: User, campaign_id: UUID | str) -> Campaign:
    """Start a campaign, or go on with one that was paused.

    Raises
    ------
    Conflict
        It goes on, or it has ended.
    """
    with locked(user, campaign_id) as campaign:
        if campaign.state not in {CampaignState.DRAFT, CampaignState.PAUSED}:
            raise Conflict(_("The campaign is %s already.") % campaign.get_state_display().lower())
        if campaign.version.proof == Proof.FAILED:
            raise Conflict(_("The proof of this version failed: none of its points would run."))
        if not _is_tried(campaign):
            campaign.first = 0
        campaign.started_at = campaign.started_at or timezone.now()
        _drive(campaign, CampaignState.RUNNING, "")
        audit.record("campaign.started", actor=user, about=(TOPIC, campaign.pk))
    return campaign


def _is_tried(campaign: Campaign) -> bool:
    """Whether points of a trial have still to end: a pause in between does not skip it."""
    tried = campaign.points.filter(number__lte=campaign.first)
    return tried.filter(state__in=[PointState.WAITING, PointState.RUNNING]).exists()


def pause(user: User, campaign_id: UUID | str) -> Campaign:
    """Start no more points; what runs goes on to its end."""
    with locked(user, campaign_id) as campaign:
        if campaign.state != CampaignState.RUNNING:
            raise Conflict(_("The campaign does not go on."))
        campaign.state, campaign.message = CampaignState.PAUSED, _("Paused by you.")
        campaign.save(update_fields=["state", "message"])
        audit.record("campaign.paused", actor=user, about=(TOPIC, campaign.pk))
    tell(campaign)
    return campaign


def cancel(user: User, campaign_id: UUID | str) -> Campaign:
    """Start no more points, and stop those that run; what is done stays."""
    with locked(user, campaign_id) as campaign:
        if campaign.state in {CampaignState.CANCELLED, CampaignState.FINISHED}:
            raise Conflict(_("The campaign has ended already."))
        _stop_all(campaign)
        campaign.finished_at = timezone.now()
        _drive(campaign, CampaignState.CANCELLED, _("Cancelled by you."))
        audit.record("campaign.cancelled", actor=user, about=(TOPIC, campaign.pk))
    return campaign


def _stop_all(campaign: Campaign) -> None:
    campaign.points.filter(state=PointState.WAITING).update(state=PointState.CANCELLED)
    running = Run.objects.filter(point__campaign=campaign).active()
    running.update(stop_wanted=True, message="Stopping.")


def retry_failed(user: User, campaign_id: UUID | str) -> Campaign:
    """Let the points that failed or were cancelled wait for another run in place of theirs."""
    with locked(user, campaign_id) as campaign:
        if campaign.state in {CampaignState.DRAFT, CampaignState.RUNNING}:
            raise Conflict(_("Pause the campaign first, or wait for its end."))
        again = campaign.points.filter(state__in=[PointState.FAILED, PointState.CANCELLED])
        if not again.update(
            state=PointState.WAITING, run=None, attempts=0, due_at=None, cause="", reason="",
            results={}, seconds=None,
        ):  # fmt: skip
            raise Conflict(_("No point has failed."))
        leftovers.forget(campaign)
        campaign.first, campaign.finished_at = 0, None
        _drive(campaign, CampaignState.RUNNING, "")
        audit.record("campaign.retried", actor=user, about=(TOPIC, campaign.pk))
    return campaign


def change(
    user: User, campaign_id: UUID | str, *, priority: int | None = None, at_once: int | None = None
) -> Campaign:
    """Change whose turn comes first, or how many runs go on at the same time; None leaves it.

    More runs start within seconds. Fewer stop none: the next ones wait until so many are left.

    Raises
    ------
    InvalidRequest
        A number is too large or too small; `field` names it.
    Conflict
        It has ended.
    """
    wanted = {"priority": priority, "at_once": at_once}
    changes = {name: number for name, number in wanted.items() if number is not None}
    with locked(user, campaign_id) as campaign:
        if campaign.state not in OPEN:
            raise Conflict(_("The campaign has ended. Nothing of it waits for its turn."))
        _check_priority(changes.get("priority", 0))
        _check_at_once(changes.get("at_once", 1))
        for name, number in changes.items():
            setattr(campaign, name, number)
        if changes:
            campaign.save(update_fields=list(changes))
            audit.record("campaign.changed", actor=user, about=(TOPIC, campaign.pk), detail=changes)
    tell(campaign)
    return campaign


def delete(user: User, campaign_id: UUID | str) -> None:
    """Delete a campaign that does not go on; a worker takes away its runs with all their files.

    Raises
    ------
    Conflict
        It goes on, a run of it has still to stop, or its table is being registered.
    """
    with locked(user, campaign_id) as campaign:
        runs = Run.objects.filter(point__campaign=campaign)
        if campaign.state == CampaignState.RUNNING or runs.active().exists():
            raise Conflict(
                _("The campaign goes on. Cancel it first, and wait for its runs to stop.")
            )
        if campaign.registrations.filter(state=RegistrationState.RUNNING).exists():
            raise Conflict(_("Its table is being registered. Wait until it is."))
        detail = {"title": campaign.title, "runs": runs.count()}
        leftovers.forget(campaign)
        audit.record("campaign.deleted", actor=user, about=(TOPIC, campaign.pk), detail=detail)
        campaign.delete()


def leave(user: User) -> bool:
    """Start no more points of somebody who leaves; their runs are stopped with all others."""
    rows = Campaign.objects.filter(user=user, state=CampaignState.RUNNING)
    rows.update(state=CampaignState.PAUSED, message=_("Its owner leaves."))
    return False


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return a campaign as the websocket tells it first."""
    campaign = find(User.objects.get(pk=str(user_id)), key)
    return {"state": campaign.state, "message": campaign.message, "counts": campaign.counts()}


def own(user: User, campaign_id: UUID | str) -> Campaign:
    """Return a campaign of somebody's own; raises `Forbidden` where it is only shown to them."""
    found = find(user, campaign_id)
    if found.user_id != user.pk:
        raise Forbidden(_("The campaign is somebody else's. Make one of your own like it."))
    return found


@contextmanager
def locked(user: User, campaign_id: UUID | str) -> Iterator[Campaign]:
    """Lend a campaign of somebody's own, locked in a transaction until the block ends."""
    found = own(user, campaign_id)
    with transaction.atomic():
        rows = Campaign.objects.select_for_update(no_key=True, of=("self",))
        yield rows.select_related("version__analysis", "user").get(pk=found.pk)


def _drive(campaign: Campaign, state: CampaignState, message: str) -> None:
    campaign.state, campaign.message = state, message
    campaign.drives = F("drives") + 1
    campaign.save()
    campaign.refresh_from_db()
    key = f"{KIND}:{campaign.pk}:{campaign.drives}"
    operations.begin(KIND, subject=campaign.pk, user_id=campaign.user_id, key=key)
    transaction.on_commit(lambda: tell(campaign))
