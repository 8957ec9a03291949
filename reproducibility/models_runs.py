"""Runs of analyses: how far each is, and what it gave."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import QuerySet

from accounts.models import User
from reproducibility.models_analyses import Analysis, AnalysisVersion

#: Outputs up to this size are kept to be shown beside the recorded ones, bytes.
KEPT = 4 << 20


class RunState(models.TextChoices):
    """Where a run stands, as the API tells it."""

    PREPARING = "preparing"
    QUEUED = "queued"
    RUNNING = "running"
    COMPARING = "comparing"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


class Kind(models.TextChoices):
    """What a run is for."""

    REPRODUCTION = "reproduction"
    VARIATION = "variation"
    PROOF = "proof"
    VERIFICATION = "verification"
    POINT = "point"


class Failure(models.TextChoices):
    """Why a run failed, as a class: what a service was at fault for may be over next time."""

    STEPS = "steps"
    SERVICE = "service"
    GONE = "gone"
    QUOTA = "quota"
    REFUSED = "refused"


ACTIVE = (RunState.PREPARING, RunState.QUEUED, RunState.RUNNING, RunState.COMPARING)


class RunQuerySet(QuerySet["Run"]):
    """Runs, by who may see them."""

    def visible_to(self, user: User) -> RunQuerySet:
        """Return the user's own."""
        return self.filter(user=user)

    def listed(self) -> RunQuerySet:
        """Fetch what lists show, without logs and specifications; points have a campaign."""
        rows = self.exclude(kind=Kind.POINT).select_related("analysis", "version")
        return rows.defer("logs", "version__specification")

    def active(self) -> RunQuerySet:
        """Return those that are under way."""
        return self.filter(state__in=ACTIVE)


class Run(models.Model):
    """One reproduction of an analysis by one person: how far it is, and the verdict."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="runs")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    version = models.ForeignKey(AnalysisVersion, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.REPRODUCTION)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.PREPARING)
    message = models.TextField(blank=True)
    failure = models.CharField(max_length=10, choices=Failure, blank=True)
    stop_wanted = models.BooleanField(default=False)
    workflow_id = models.CharField(max_length=80, blank=True)
    workflow_name = models.CharField(max_length=120, blank=True)
    inputs = models.JSONField(default=list)
    replaced_inputs = models.JSONField(
        default=dict, help_text="recorded DID to the DID read instead"
    )
    steps = models.JSONField(default=list)
    transfer = models.JSONField(
        default=dict, help_text="files and bytes handed over so far, and of all"
    )
    seen = models.JSONField(
        default=dict, help_text="jobs (total, running, finished, failed), size in bytes"
    )
    tests = models.JSONField(default=list, help_text="scenario, result and reason, each")
    logs = models.JSONField(default=list)
    environment = models.JSONField(default=dict)
    verdict = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    checked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["user", "-created_at"], name="run_of_user")]
        constraints = [
            models.UniqueConstraint(fields=["analysis", "number"], name="run_number_of_analysis")
        ]

    def __str__(self) -> str:
        return f"{self.analysis} #{self.number}: {self.state}"

    @property
    def is_variation(self) -> bool:
        """Whether it has other data or parameters, so that other outputs are no failure."""
        return self.kind in {Kind.VARIATION, Kind.POINT}

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.state in ACTIVE

    @property
    def files_deleted(self) -> bool:
        """Whether somebody deleted its workspace from here."""
        return bool(self.seen.get("files_deleted"))

    @property
    def remote_name(self) -> str:
        """The workflow's name at the service: from the run's id, so that it is made once."""
        return f"vre-{self.id.hex}"


class RunOutput(models.Model):
    """A file that a run gave, kept as far as it is to be shown beside the recorded one."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="outputs")
    path = models.CharField(max_length=400)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    comparison = models.JSONField(
        null=True, help_text="counts, largest differences, tests and figures, where compared"
    )

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["run", "path"], name="run_output_once")]

    def __str__(self) -> str:
        return self.path

    @property
    def kept(self) -> bool:
        """Whether the content is here; larger ones stay with the service."""
        return self.size <= KEPT
