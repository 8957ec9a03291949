"""Campaigns: one analysis over a table of points, each of which becomes a run."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Count, Q, QuerySet

from accounts.models import User
from reproducibility.models_analyses import AnalysisVersion
from reproducibility.models_runs import Run


class CampaignState(models.TextChoices):
    """Where a campaign stands, as the API tells it."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


#: What others see, too.
SHOWN = Q(public=True, version__public=True, version__analysis__published=True)


class CampaignQuerySet(QuerySet["Campaign"]):
    """Campaigns, by who may see them."""

    def visible_to(self, user: User) -> CampaignQuerySet:
        """Return the user's own, and what others show of versions that the user may see."""
        return self.filter(Q(user=user) | SHOWN)

    def shown(self) -> CampaignQuerySet:
        """Return those that everybody sees who may see their version."""
        return self.filter(SHOWN)

    def of(self, user: User) -> CampaignQuerySet:
        """Return the user's own."""
        return self.filter(user=user)


class Campaign(models.Model):
    """A scan: what is run, at which points, how many at a time, and how far it is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(AnalysisVersion, on_delete=models.CASCADE, related_name="campaigns")
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.DRAFT)
    message = models.TextField(blank=True)
    columns = models.JSONField(default=list, help_text="the parameters that change, in order")
    source = models.JSONField(default=dict, help_text="how the points were made: kind, texts, seed")
    results = models.JSONField(
        default=list, help_text="what is read of each run's outputs: name, path, where"
    )
    total = models.PositiveIntegerField(help_text="points")
    first = models.PositiveIntegerField(
        default=0, help_text="so many points are run before it waits for a word; 0 for all"
    )
    at_once = models.PositiveSmallIntegerField(help_text="runs under way at the same time, at most")
    priority = models.SmallIntegerField(default=0, help_text="higher ones of a person go first")
    retries = models.PositiveSmallIntegerField(
        default=3, help_text="times that a point starts again after a fault of a service"
    )
    public = models.BooleanField(
        default=False, help_text="whether those see it, too, who may see its version"
    )
    again_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="repetitions",
        help_text="the one whose points it runs again",
    )  # fmt: skip
    drives = models.PositiveIntegerField(
        default=0, help_text="times that it was set going; each has an operation of its own"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["user", "-created_at"], name="campaign_of_user")]

    def __str__(self) -> str:
        return self.title

    def counts(self) -> dict[str, int]:
        """Return how many points are in each state, those of none left out."""
        rows = self.points.values_list("state").annotate(n=Count("pk")).order_by()
        return dict(rows)


class PointState(models.TextChoices):
    """Where a point stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Point(models.Model):
    """A point: its values of the parameters, the run that it has, and what came of it."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="points")
    number = models.PositiveIntegerField(help_text="from 1, as in the table")
    values = models.JSONField(help_text="parameter to value")
    state = models.CharField(max_length=10, choices=PointState, default=PointState.WAITING)
    run = models.OneToOneField(Run, on_delete=models.SET_NULL, null=True, related_name="point")
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, help_text="not before; after a fault of a service")
    cause = models.CharField(max_length=20, blank=True, help_text="why it failed, as a class")
    reason = models.TextField(blank=True)
    results = models.JSONField(default=dict, help_text="name to value, or why there is none")
    seconds = models.FloatField(null=True, help_text="from its start to its end")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="point_of_campaign")
        ]
        indexes = [models.Index(fields=["campaign", "state", "number"], name="point_by_state")]

    def __str__(self) -> str:
        return f"{self.campaign}, point {self.number}"
