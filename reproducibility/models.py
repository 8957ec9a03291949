"""Analyses, what they need and what they gave, and their runs."""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath

from django.conf import settings
from django.db import models
from django.db.models import Prefetch, Q, QuerySet

from accounts.models import User

#: Outputs up to this size are kept to be shown beside the recorded ones, bytes.
KEPT = 4 << 20


class AnalysisQuerySet(QuerySet["Analysis"]):
    """Analyses, by who may see them."""

    def visible_to(self, user: User) -> AnalysisQuerySet:
        """Return what is published, and the user's own."""
        return self.filter(Q(published=True) | Q(owner=user))

    def with_parts(self) -> AnalysisQuerySet:
        """Fetch inputs, files and outputs along, without the contents."""
        return self.prefetch_related(
            "inputs",
            Prefetch("files", AnalysisFile.objects.defer("content")),
            Prefetch("outputs", RecordedOutput.objects.defer("content")),
        )


class Analysis(models.Model):
    """A finished analysis: its specification, code, inputs, and recorded outputs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    published = models.BooleanField(default=False)
    title = models.CharField(max_length=200)
    summary = models.TextField()
    authors = models.JSONField(default=list)
    licence = models.CharField(max_length=80, blank=True)
    specification = models.TextField(help_text="reana.yaml as it was written")
    environment = models.CharField(max_length=200, blank=True, help_text="the recorded image")
    content_sha256 = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AnalysisQuerySet.as_manager()

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class AnalysisFile(models.Model):
    """A file of the analysis's code, small enough to live in the database."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=400)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["analysis", "path"], name="file_once")]

    def __str__(self) -> str:
        return self.path


class AnalysisInput(models.Model):
    """Data that the analysis reads: a DID, and the folder of the workspace where it expects it."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="inputs")
    scope = models.CharField(max_length=25)
    name = models.CharField(max_length=250)
    folder = models.CharField(max_length=400)

    class Meta:
        ordering = ["scope", "name"]

    def __str__(self) -> str:
        return self.did

    @property
    def did(self) -> str:
        """The DID as people write it."""
        return f"{self.scope}:{self.name}"


class RecordedOutput(models.Model):
    """A file that the authors' run gave."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="outputs")
    path = models.CharField(max_length=400)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["analysis", "path"], name="output_once")]

    def __str__(self) -> str:
        return self.path

    @property
    def is_image(self) -> bool:
        """Whether a page can show it as a picture."""
        return PurePosixPath(self.path).suffix == ".png"


class RunState(models.TextChoices):
    """Where a run stands, as the API tells it."""

    PREPARING = "preparing"
    QUEUED = "queued"
    RUNNING = "running"
    COMPARING = "comparing"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


ACTIVE = (RunState.PREPARING, RunState.QUEUED, RunState.RUNNING, RunState.COMPARING)


class RunQuerySet(QuerySet["Run"]):
    """Runs, by who may see them."""

    def visible_to(self, user: User) -> RunQuerySet:
        """Return the user's own."""
        return self.filter(user=user)

    def active(self) -> RunQuerySet:
        """Return those that are under way."""
        return self.filter(state__in=ACTIVE)


class Run(models.Model):
    """One reproduction of an analysis by one person: how far it is, and the verdict."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="runs")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    analysis_version = models.PositiveIntegerField(default=1)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.PREPARING)
    message = models.TextField(blank=True)
    stop_wanted = models.BooleanField(default=False)
    workflow_id = models.CharField(max_length=80, blank=True)
    workflow_name = models.CharField(max_length=120, blank=True)
    inputs = models.JSONField(default=list)
    replaced_inputs = models.JSONField(
        default=dict, help_text="recorded DID to the DID read instead"
    )
    steps = models.JSONField(default=list)
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
        """Whether it reads other data than recorded, so that other outputs are no failure."""
        return bool(self.replaced_inputs)

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.state in ACTIVE

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

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["run", "path"], name="run_output_once")]

    def __str__(self) -> str:
        return self.path

    @property
    def kept(self) -> bool:
        """Whether the content is here; larger ones stay with the service."""
        return self.size <= KEPT
