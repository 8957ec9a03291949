"""The operation: a change in a backend that must happen, once, whatever dies meanwhile."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class OperationState(models.TextChoices):
    """Where an operation stands."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Operation(models.Model):
    """What is to be done (`kind`) to which row (`subject`), and who works on it until when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    subject = models.UUIDField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200, unique=True)
    state = models.CharField(
        max_length=10, choices=OperationState.choices, default=OperationState.WAITING
    )
    due_at = models.DateTimeField(default=timezone.now)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(state="waiting"), name="operation_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}: {self.state}"
