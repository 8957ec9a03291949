"""Deposits: versions of published analyses on their way into a repository that gives DOIs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from reproducibility.models_analyses import AnalysisVersion


class DepositState(models.TextChoices):
    """Where a deposit stands, as the API tells it; `ready` waits for its person's confirmation."""

    PREPARING = "preparing"
    READY = "ready"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"


class DepositQuerySet(QuerySet["Deposit"]):
    """Deposits, by who may see them."""

    def visible_to(self, user: User) -> DepositQuerySet:
        """Return those of versions of the user's own analyses."""
        return self.filter(version__analysis__owner=user)

    def published_for(self, user: User) -> DepositQuerySet:
        """Return those with a DOI of versions that the user may see."""
        done = self.filter(state=DepositState.PUBLISHED)
        public = Q(version__analysis__published=True, version__public=True)
        return done.filter(public | Q(version__analysis__owner=user))


class Deposit(models.Model):
    """A version in a repository: the draft, then the record with its DOI.

    A version is deposited once at an address. What is published stays when its person leaves.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(AnalysisVersion, on_delete=models.CASCADE, related_name="deposits")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+",
        help_text="with whose token it is made",
    )  # fmt: skip
    service = models.URLField(help_text="the address of the repository")
    service_name = models.CharField(max_length=60)
    state = models.CharField(
        max_length=10, choices=DepositState.choices, default=DepositState.PREPARING
    )
    message = models.TextField(blank=True)
    waiting = models.BooleanField(default=False, help_text="for a token of its person's")
    faults = models.JSONField(default=list, help_text="a list of {field, reason}")
    description = models.JSONField(default=dict, help_text="as the draft was last described")
    files = models.JSONField(default=list, help_text="a list of {key, size, md5}: what is there")
    remote_id = models.CharField(max_length=100, blank=True)
    doi = models.CharField(max_length=210, blank=True, help_text="reserved, then registered")
    attempt = models.PositiveIntegerField(default=0)
    troubles = models.PositiveIntegerField(
        default=0, help_text="times in a row that the repository could not be asked"
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True)

    objects = DepositQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["version", "service"], name="version_deposited_once")
        ]

    def __str__(self) -> str:
        return f"{self.version} at {self.service_name}: {self.state}"

    @property
    def marker(self) -> str:
        """The URN that the draft carries, by which it is found again."""
        return f"urn:uuid:{self.pk}"

    @property
    def active(self) -> bool:
        """Whether a worker has it."""
        return self.state in {DepositState.PREPARING, DepositState.PUBLISHING}

    @property
    def page(self) -> str:
        """The address of its page at the repository, empty before there is one."""
        if not self.remote_id:
            return ""
        kind = "records" if self.state == DepositState.PUBLISHED else "uploads"
        return f"{self.service}/{kind}/{self.remote_id}"
