"""Changes of collections: asked for by a person, as themselves or as a group, DID by DID."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends.values import Did
from vre_portal.config import get_config


def group_accounts(user: User) -> dict[str, str]:
    """Return the accounts of the user's groups, and which group each is."""
    known = get_config().rucio_groups
    return {known[group]: group for group in sorted(user.groups) if group in known}


class ChangeKind(models.TextChoices):
    """What is to become of a DID; the names are the API's."""

    MAKE = "make"
    ATTACH = "attach"
    DETACH = "detach"
    CLOSE = "close"
    REOPEN = "reopen"
    ERASE = "erase"
    KEEP = "keep"
    BAD = "declare-bad"


class ChangeState(models.TextChoices):
    """Where a change stands; the names are the API's."""

    WAITING = "waiting"
    DONE = "done"
    PARTLY = "partly"
    FAILED = "failed"


class ItemState(models.TextChoices):
    """What became of one DID of a list; the names are the API's."""

    WAITING = "waiting"
    DONE = "done"
    THERE = "there"
    REFUSED = "refused"


class CollectionChangeQuerySet(models.QuerySet["CollectionChange"]):
    """Changes, as far as somebody may see them."""

    def visible_to(self, user: User) -> Self:
        """Return the user's own and those that were made as a group of theirs."""
        return self.filter(Q(user=user) | Q(account__in=[*group_accounts(user)]))

    def of(self, did: Did) -> Self:
        """Return those of one DID."""
        return self.filter(did_scope=did.scope, did_name=did.name)


class CollectionChange(models.Model):
    """A change of one DID; of an attachment, `items` are what goes in or out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="collection_changes")
    #: As whom it is done: the person's own account, or a group's.
    account = models.CharField(max_length=30)
    kind = models.CharField(max_length=12, choices=ChangeKind.choices)
    did_scope = models.CharField(max_length=30)
    did_name = models.CharField(max_length=250)
    #: What the kind needs besides: type and metadata, hours, storage and reason.
    wish = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=ChangeState.choices, default=ChangeState.WAITING
    )
    reason = models.TextField(blank=True)
    total = models.PositiveIntegerField(default=0)
    settled = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = CollectionChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "change of a collection"
        verbose_name_plural = "changes of collections"
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="change_of_user"),
            models.Index(fields=["account", "-created_at", "-id"], name="change_of_account"),
            models.Index(fields=["did_scope", "did_name"], name="change_of_did"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.did}: {self.state}"

    @property
    def did(self) -> Did:
        """The DID that is changed."""
        return Did(self.did_scope, self.did_name)

    @property
    def is_waiting(self) -> bool:
        """Whether it is still being done."""
        return self.state == ChangeState.WAITING


class CollectionItem(models.Model):
    """A DID that goes into a collection, or out of it, and what became of it."""

    change = models.ForeignKey(CollectionChange, on_delete=models.CASCADE, related_name="items")
    did_scope = models.CharField(max_length=30)
    did_name = models.CharField(max_length=250)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.WAITING)
    reason = models.CharField(max_length=250, blank=True)

    class Meta:
        verbose_name = "DID of a change"
        verbose_name_plural = "DIDs of a change"
        ordering = ("pk",)
        indexes = [models.Index(fields=["change", "state", "id"], name="item_of_change")]

    def __str__(self) -> str:
        return f"{self.did}: {self.state}"

    @property
    def did(self) -> Did:
        """The DID that goes in or out."""
        return Did(self.did_scope, self.did_name)
