"""Signed verdicts: what was found, when, and the site's signature; they outlive their runs."""

from __future__ import annotations

import uuid

from django.db import models

from reproducibility.models_analyses import AnalysisVersion
from reproducibility.models_runs import Kind, Run


class SignedVerdict(models.Model):
    """A verdict as it was signed; the database lets a row lose its run, and refuses other changes.

    A run goes with whoever ran it. The verdict names no person, and stays as long as its analysis.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.OneToOneField(
        Run,
        null=True,
        on_delete=models.SET_NULL,
        related_name="signed",
        help_text="none where whoever ran has left",
    )
    kind = models.CharField(max_length=12, choices=Kind.choices, help_text="of the run")
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
