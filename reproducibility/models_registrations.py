"""Registrations: outputs of a run on their way into Rucio, as a dataset that says what made it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends.values import Did
from data_mgmt.models_uploads import Upload
from reproducibility.models_runs import Run


class RegistrationState(models.TextChoices):
    """Where a registration stands, as the API tells it."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class FileState(models.TextChoices):
    """Where one file of a registration is: still at the run, on its way, at a storage, in Rucio."""

    WAITING = "waiting"
    FETCHING = "fetching"
    STORING = "storing"
    DONE = "done"
    FAILED = "failed"


class RegistrationQuerySet(QuerySet["Registration"]):
    """Registrations, by who may see them."""

    def visible_to(self, user: User) -> RegistrationQuerySet:
        """Return the user's own."""
        return self.filter(user=user)


class Registration(models.Model):
    """Some files of a run that become files of one dataset, with the run as its provenance."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="registrations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=30)
    name = models.CharField(max_length=250)
    storage = models.CharField(max_length=255)
    lifetime_days = models.PositiveIntegerField(null=True)
    metadata = models.JSONField(default=dict, help_text="of the dataset: what made it")
    state = models.CharField(
        max_length=8, choices=RegistrationState.choices, default=RegistrationState.RUNNING
    )
    message = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.state}"

    @property
    def dataset(self) -> Did:
        """The dataset that the files become."""
        return Did(self.scope, self.name)

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.state == RegistrationState.RUNNING

    @property
    def can_retry(self) -> bool:
        """Whether it failed, and may go on."""
        return self.state == RegistrationState.FAILED


class RegisteredFile(models.Model):
    """A file of a registration; no file of a run is registered twice."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="files")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="registered_files")
    path = models.CharField(max_length=1000, help_text="in the run's workspace")
    name = models.CharField(max_length=250, help_text="in the scope of the registration")
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)
    upload = models.ForeignKey(Upload, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=FileState.choices, default=FileState.WAITING)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "path"],
                condition=~Q(state=FileState.FAILED),
                name="run_file_registered_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.path}: {self.state}"

    @property
    def did(self) -> Did:
        """The DID that it becomes."""
        return Did(self.registration.scope, self.name)
