"""Uploads: files on their way from a person through the portal's disk into the data lake."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends.values import Did


class UploadState(models.TextChoices):
    """Where an upload stands; the names are the API's."""

    RECEIVING = "receiving"
    CHECKING = "checking"
    STORING = "storing"
    REGISTERING = "registering"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    REMOVING = "removing"


#: States in which the worker has it.
WORKED_ON = (UploadState.CHECKING, UploadState.STORING, UploadState.REGISTERING)
#: States that hold the name, so that nobody uploads the same at once.
UNFINISHED = (UploadState.RECEIVING, *WORKED_ON, UploadState.FAILED, UploadState.REMOVING)


class UploadQuerySet(models.QuerySet["Upload"]):
    """Uploads, as far as somebody may see them."""

    def visible_to(self, user: User) -> Self:
        """Return the user's own."""
        return self.filter(user=user).exclude(state=UploadState.REMOVING)

    def unfinished(self) -> Self:
        """Return those that have not ended for good."""
        return self.filter(state__in=UNFINISHED)


class Upload(models.Model):
    """One file that somebody sends, and what is to be made of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="uploads")
    did_scope = models.CharField(max_length=30)
    did_name = models.CharField(max_length=250)
    #: The account of Rucio that owns the scope: one's own, or that of a group.
    account = models.CharField(max_length=30)
    size = models.PositiveBigIntegerField()
    storage = models.CharField(max_length=255)
    dataset_scope = models.CharField(max_length=30, blank=True)
    dataset_name = models.CharField(max_length=250, blank=True)
    lifetime_days = models.PositiveIntegerField(null=True)
    metadata = models.JSONField(default=dict)
    #: The checksum that the sender told: ``adler32``, ``md5`` or ``sha256``, and its digits.
    told_kind = models.CharField(max_length=10, blank=True)
    told_digest = models.CharField(max_length=64, blank=True)
    #: The header ``Upload-Metadata`` as it came: tus wants it told again.
    told_metadata = models.TextField(blank=True)
    state = models.CharField(
        max_length=12, choices=UploadState.choices, default=UploadState.RECEIVING
    )
    reason = models.TextField(blank=True)
    #: In which state it failed, where a new try goes on.
    failed_in = models.CharField(max_length=12, blank=True)
    adler32 = models.CharField(max_length=8, blank=True)
    md5 = models.CharField(max_length=32, blank=True)
    #: Where the bytes are put at the storage; saved before the first of them goes there.
    address = models.TextField(blank=True)
    stored_bytes = models.PositiveBigIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)
    #: When what is still unfinished is removed.
    expires_at = models.DateTimeField()

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["did_scope", "did_name"],
                condition=Q(state__in=UNFINISHED),
                name="one_upload_of_a_did",
            )
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="upload_of_user"),
            models.Index(
                fields=["expires_at"], condition=Q(state__in=UNFINISHED), name="upload_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.did}: {self.state}"

    @property
    def did(self) -> Did:
        """The DID that the file becomes."""
        return Did(self.did_scope, self.did_name)

    @property
    def dataset(self) -> Did | None:
        """The dataset that it goes into, if any."""
        return Did(self.dataset_scope, self.dataset_name) if self.dataset_name else None

    @property
    def is_worked_on(self) -> bool:
        """Whether the worker has it now."""
        return self.state in WORKED_ON

    @property
    def can_remove(self) -> bool:
        """Whether it may be thrown away now."""
        return not self.is_worked_on and self.state != UploadState.REMOVING

    @property
    def can_retry(self) -> bool:
        """Whether its bytes are all here and the rest failed."""
        return self.state == UploadState.FAILED
