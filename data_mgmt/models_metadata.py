"""Changes of metadata: who wrote what over what, and whether it has come to the catalogue."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends.values import Did

MAX_KEY = 100


class EditState(models.TextChoices):
    """Where a change stands; the names are the API's."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class MetadataEditQuerySet(models.QuerySet["MetadataEdit"]):
    """Changes. Who may see them is who may see their DID, which only the catalogue knows."""

    def of(self, did: Did) -> Self:
        """Return those of one DID, for whoever was just shown it by the catalogue itself."""
        return self.filter(did_scope=did.scope, did_name=did.name)


class MetadataEdit(models.Model):
    """Some keys of one DID, written at once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: Empty once the person has left: the history of a DID outlives who wrote it.
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="metadata_edits"
    )
    account = models.CharField(max_length=30)
    did_scope = models.CharField(max_length=30)
    did_name = models.CharField(max_length=250)
    state = models.CharField(max_length=10, choices=EditState.choices, default=EditState.WAITING)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = MetadataEditQuerySet.as_manager()

    class Meta:
        verbose_name = "change of metadata"
        verbose_name_plural = "changes of metadata"
        ordering = ("-created_at", "-id")
        constraints = [
            # Rucio writes all keys of a DID anew: of two at once one would lose the other's.
            models.UniqueConstraint(
                fields=["did_scope", "did_name"],
                condition=Q(state=EditState.WAITING),
                name="one_edit_of_a_did",
            )
        ]
        indexes = [
            models.Index(
                fields=["did_scope", "did_name", "-created_at", "-id"], name="edit_of_did"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.did}: {self.state}"

    @property
    def is_waiting(self) -> bool:
        """Whether it will still be written: the work of a person who left went with them."""
        return self.state == EditState.WAITING and self.user_id is not None

    @property
    def did(self) -> Did:
        """The DID that is described."""
        return Did(self.did_scope, self.did_name)


class MetadataChange(models.Model):
    """One key of a change; an empty value means that the key is not there."""

    edit = models.ForeignKey(MetadataEdit, on_delete=models.CASCADE, related_name="changes")
    key = models.CharField(max_length=MAX_KEY)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        verbose_name = "changed key"
        verbose_name_plural = "changed keys"
        ordering = ("key",)
        constraints = [models.UniqueConstraint(fields=["edit", "key"], name="a_key_once")]

    def __str__(self) -> str:
        return self.key
