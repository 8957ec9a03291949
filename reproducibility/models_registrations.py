"""Registrations: files on their way into Rucio, as a dataset that says what made it.

They are outputs of a run, or the table of a campaign.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends.values import Did
from data_mgmt.models_uploads import Upload
from reproducibility.models_campaigns import Campaign
from reproducibility.models_runs import Run


class RegistrationState(models.TextChoices):
    """Where a registration stands, as the API tells it."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class FileState(models.TextChoices):
    """Where one file of a registration is: where it was, on its way, at a storage, in Rucio."""

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
    """Some files that become files of one dataset, with what they are of as its provenance.

    They are of a run or of a campaign. The table of a campaign is registered once as it stands;
    when points run again it becomes another one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, related_name="registrations")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, null=True, related_name="registrations"
    )
    drives = models.PositiveIntegerField(
        default=0, help_text="of the campaign, as its table was asked for"
    )
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
        constraints = [
            models.CheckConstraint(
                condition=Q(run__isnull=False, campaign__isnull=True)
                | Q(run__isnull=True, campaign__isnull=False),
                name="registration_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["campaign", "drives"],
                condition=~Q(state=RegistrationState.FAILED),
                name="campaign_table_registered_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.state}"

    @property
    def dataset(self) -> Did:
        """The dataset that the files become."""
        return Did(self.scope, self.name)

    @property
    def the_run(self) -> Run:
        """The run that it is of; raises `ValueError` where it is of a campaign."""
        if self.run is None:
            raise ValueError(f"{self} is of no run")
        return self.run

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.state == RegistrationState.RUNNING

    @property
    def can_retry(self) -> bool:
        """Whether it failed, and may go on."""
        return self.state == RegistrationState.FAILED


class RegisteredFile(models.Model):
    """A file of a registration; no file of a run is registered twice.

    Those of a campaign are written by the worker: before that they have no size and no checksum.
    """

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="files")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, null=True, related_name="registered_files"
    )
    path = models.CharField(max_length=1000, help_text="in the run's workspace, or a name")
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
