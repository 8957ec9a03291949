"""Comparisons that people ask for: two sides, and what is known of each two outputs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class ComparisonState(models.TextChoices):
    """Where a comparison stands, as the API tells it; `none` before somebody asks for it."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class SideComparison(models.Model):
    """The contents of two sides, to be compared for one person.

    A side is a run or a version by its id; both may go, and who may see them is asked each time.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    first = models.UUIDField()
    second = models.UUIDField()
    state = models.CharField(
        max_length=8, choices=ComparisonState.choices, default=ComparisonState.NONE
    )
    message = models.TextField(blank=True)
    problems = models.JSONField(default=dict, help_text="path to why it could not be compared")
    attempt = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "first", "second"], name="two_sides_once")
        ]

    def __str__(self) -> str:
        return f"{self.first} and {self.second}: {self.state}"

    @property
    def active(self) -> bool:
        """Whether a worker has it."""
        return self.state == ComparisonState.RUNNING


class ComparedPair(models.Model):
    """What came of comparing two contents, kept for a while for whoever had them compared.

    `key` is made of both checksums, the path and the tolerance. It belongs to one person: others
    may have seen neither content, and a checksum is soon claimed.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    outcome = models.JSONField(help_text="the verdict on one output, with its comparison")
    made_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="pair_compared_once")]

    def __str__(self) -> str:
        return self.key
