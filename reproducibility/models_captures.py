"""Captures: what was found in a session, repository or archive, on its way to an analysis."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import QuerySet

from accounts.models import User
from reproducibility.models_analyses import Analysis


class Source(models.TextChoices):
    """From where a capture takes its files."""

    SESSION = "session"
    REPOSITORY = "git"
    ZIP = "zip"
    WORKFLOW = "reana"
    CRATE = "crate"


class CaptureState(models.TextChoices):
    """How far a capture is."""

    READING = "reading"
    PROPOSED = "proposed"
    SAVED = "saved"
    FAILED = "failed"


class CaptureQuerySet(QuerySet["Capture"]):
    """Captures, by who may see them."""

    def visible_to(self, user: User) -> CaptureQuerySet:
        """Return the user's own."""
        return self.filter(user=user)


class Capture(models.Model):
    """A proposal of an analysis that its owner still edits."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    analysis = models.ForeignKey(
        Analysis, on_delete=models.CASCADE, null=True, related_name="captures",
        help_text="of which it is to be a new version, or which it became",
    )  # fmt: skip
    kind = models.CharField(max_length=8, choices=Source.choices)
    origin = models.JSONField(default=dict, help_text="session, repository and commit, …")
    state = models.CharField(
        max_length=8, choices=CaptureState.choices, default=CaptureState.READING
    )
    message = models.TextField(blank=True)
    title = models.CharField(max_length=200, blank=True)
    summary = models.TextField(blank=True)
    licence = models.CharField(max_length=80, blank=True)
    authors = models.JSONField(default=list)
    specification = models.TextField(blank=True)
    environment = models.CharField(max_length=200, blank=True)
    surroundings = models.JSONField(default=dict)
    code = models.JSONField(default=dict)
    inputs = models.JSONField(default=list, help_text="did, folder, files")
    tolerances = models.JSONField(default=dict, help_text="by the output's path")
    found = models.JSONField(default=dict, help_text="what was looked at, for the page")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CaptureQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["user", "-created_at"], name="capture_of_user")]

    def __str__(self) -> str:
        return self.title or str(self.id)


class CapturedFile(models.Model):
    """A file that was found: its content where it is small enough, and what it is to be."""

    capture = models.ForeignKey(Capture, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=400)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)
    adler32 = models.CharField(max_length=8, blank=True)
    content = models.BinaryField(null=True)
    role = models.CharField(max_length=8, help_text="code, output, input, or empty: left out")

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["capture", "path"], name="captured_once")]

    def __str__(self) -> str:
        return self.path
