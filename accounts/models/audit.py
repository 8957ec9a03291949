"""The audit log: who did what to what, from where; rows are added and never changed."""

from __future__ import annotations

import uuid

from django.db import models


class Result(models.TextChoices):
    """How it ended."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"


class AuditEvent(models.Model):
    """One entry; a trigger in the database refuses to change or delete it.

    The actor is copied, not referred to: the entry outlives the account.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=60)
    result = models.CharField(max_length=10, choices=Result.choices, default=Result.OK)
    actor = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200, blank=True)
    issuer = models.CharField(max_length=400, blank=True)
    subject = models.CharField(max_length=400, blank=True)
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=20, blank=True)
    address = models.GenericIPAddressField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["actor", "-at"], name="audit_by_actor"),
            models.Index(fields=["address", "-at"], name="audit_by_address"),
            models.Index(fields=["issuer", "subject", "-at"], name="audit_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.actor_name or '-'} {self.action}: {self.result}"
