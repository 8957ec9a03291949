"""Environments that people make: what they are made of, and how the making went."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import User


class BuildState(models.TextChoices):
    """Where an environment's making stands."""

    QUEUED = "queued"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BuildRows(models.QuerySet["Build"]):
    """Environments that people made, as far as somebody may see them."""

    def visible_to(self, user: User) -> Self:
        """Return a person's own, and those that are shared with one of their groups."""
        mine = Q(owner=user) | Q(groups__overlap=[*user.groups])
        return self.filter(mine, removed_at=None)


class Build(models.Model):
    """An environment made from a list of packages; `digest` names what it is made of."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    repository = models.CharField(max_length=400, blank=True)
    ref = models.CharField(max_length=200, blank=True)
    commit = models.CharField(max_length=64, blank=True)
    #: The name of the file that lists the packages, and its text.
    file_name = models.CharField(max_length=200, blank=True)
    file_text = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=BuildState.choices, default=BuildState.QUEUED)
    message = models.TextField(blank=True)
    log = models.TextField(blank=True)
    packages = models.JSONField(default=list)
    size_bytes = models.BigIntegerField(null=True)
    groups = ArrayField(models.CharField(max_length=200), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    objects = BuildRows.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="build_of_owner"),
            models.Index(fields=["digest"], name="build_of_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.state}"

    @property
    def slug(self) -> str:
        """The name of the environment at the hub."""
        return f"own-{self.id.hex[:12]}"
