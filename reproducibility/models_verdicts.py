"""Signed verdicts: what was found, when, and the site's signature; a row is never changed."""

from __future__ import annotations

import uuid

from django.db import models

from reproducibility.models_analyses import AnalysisVersion
from reproducibility.models_runs import Run


class SignedVerdict(models.Model):
    """A verdict as it was signed; the database refuses every change of a row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="signed")
    version = models.ForeignKey(AnalysisVersion, on_delete=models.CASCADE, related_name="verdicts")
    level = models.CharField(max_length=30)
    environment = models.CharField(max_length=20)
    inputs = models.CharField(max_length=20)
    statement = models.TextField(help_text="the bytes that are signed: JSON, keys sorted")
    signature = models.CharField(max_length=88, help_text="Ed25519, base64")
    key_id = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["-signed_at"]
        indexes = [models.Index(fields=["version", "-signed_at"], name="verdict_of_version")]

    def __str__(self) -> str:
        return f"{self.version}: {self.level}"
