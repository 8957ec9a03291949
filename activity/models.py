"""What happened to whom, in one table."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models


class Level(models.TextChoices):
    """How an event is to be taken."""

    INFO = "info"
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


TONES = {Level.INFO: "idle", Level.OK: "ok", Level.WARNING: "wait", Level.ERROR: "bad"}


class Event(models.Model):
    """One thing that happened: a sentence, and the object that it happened to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    verb = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200)
    text = models.TextField()
    level = models.CharField(max_length=10, choices=Level.choices, default=Level.INFO)
    url = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["user", "-at"], name="event_of_user"),
            models.Index(fields=["subject_kind", "subject_id", "-at"], name="event_of_subject"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def time(self) -> datetime:
        """When it happened, as the timeline component asks for it."""
        return self.at

    @property
    def tone(self) -> str:
        """The colour of its mark on a timeline."""
        return TONES[Level(self.level)]
