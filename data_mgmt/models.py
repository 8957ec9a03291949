"""What people asked to be copied, and the last that is known of it."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends.values import Did
from data_mgmt.models_approvals import (
    QuotaRequest,
    RuleAction,
    SubscriptionChange,
    WaitingRule,
)
from data_mgmt.models_collections import BasketItem, Favourite, RecentDid, SavedSearch
from data_mgmt.models_groups import CollectionChange, CollectionItem, group_accounts
from data_mgmt.models_index import IndexedDid, IndexedScope, Wanted
from data_mgmt.models_metadata import MetadataChange, MetadataEdit
from data_mgmt.models_uploads import Upload, UploadState

__all__ = [
    "ACTIVE",
    "BasketItem",
    "CollectionChange",
    "CollectionItem",
    "Favourite",
    "IndexedDid",
    "IndexedScope",
    "MetadataChange",
    "MetadataEdit",
    "QuotaRequest",
    "RecentDid",
    "ReplicaRequest",
    "RequestState",
    "RuleAction",
    "SavedSearch",
    "SubscriptionChange",
    "Upload",
    "UploadState",
    "WaitingRule",
    "Wanted",
]


class RequestState(models.TextChoices):
    """Where a request stands; the names are the API's."""

    PREPARING = "preparing"
    WAITING_APPROVAL = "waiting_approval"
    REPLICATING = "replicating"
    STUCK = "stuck"
    OK = "ok"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


#: States in which something may still happen by itself.
ACTIVE = (
    RequestState.PREPARING,
    RequestState.WAITING_APPROVAL,
    RequestState.REPLICATING,
    RequestState.STUCK,
)


class ReplicaRequestQuerySet(models.QuerySet["ReplicaRequest"]):
    """Requests, as far as somebody may see them."""

    def visible_to(self, user: User) -> Self:
        """Return the user's own and those that were asked for as a group of theirs."""
        return self.filter(Q(user=user) | Q(account__in=[*group_accounts(user)]))

    def active(self) -> Self:
        """Return those in which something may still happen by itself."""
        return self.filter(state__in=ACTIVE)


class ReplicaRequest(models.Model):
    """A wish for copies of a DID at a storage, kept true to its replication rule."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="replica_requests")
    #: The account of the group as which it was asked for; empty for the person's own.
    account = models.CharField(max_length=30, blank=True)
    did_scope = models.CharField(max_length=30)
    did_name = models.CharField(max_length=250)
    storage = models.CharField(max_length=255)
    copies = models.PositiveSmallIntegerField(default=1)
    lifetime_days = models.PositiveIntegerField(null=True)
    comment = models.CharField(max_length=250, blank=True)
    activity = models.CharField(max_length=50, blank=True)
    #: Whether the rule waits for an approver, by policy or because the quota is too small.
    ask_approval = models.BooleanField(default=False)
    rule_id = models.CharField(max_length=40, blank=True)
    state = models.CharField(
        max_length=20, choices=RequestState.choices, default=RequestState.PREPARING
    )
    reason = models.TextField(blank=True)
    files_done = models.PositiveBigIntegerField(default=0)
    files_total = models.PositiveBigIntegerField(default=0)
    bytes_done = models.PositiveBigIntegerField(default=0)
    bytes_total = models.PositiveBigIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)
    last_checked_at = models.DateTimeField(null=True)
    #: The end of which the user was warned.
    warned_end = models.DateTimeField(null=True)
    #: When the watcher looks again; empty when nothing can change by itself.
    next_check_at = models.DateTimeField(null=True)

    objects = ReplicaRequestQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [
            # A second click on Confirm finds the first request.
            models.UniqueConstraint(
                fields=["user", "account", "did_scope", "did_name", "storage"],
                condition=Q(state__in=ACTIVE, cancel_requested_at__isnull=True),
                name="one_active_request",
            )
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="request_of_user"),
            models.Index(
                fields=["account", "-created_at", "-id"],
                condition=~Q(account=""),
                name="request_of_group",
            ),
            models.Index(
                fields=["next_check_at"],
                condition=Q(next_check_at__isnull=False),
                name="request_to_check",
            ),
            # The poller finds the request of each rule that changed.
            models.Index(fields=["rule_id"], condition=~Q(rule_id=""), name="request_of_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.did} at {self.storage}: {self.state}"

    #: Who acts on it at the moment, where that is another member of its group.
    acted_by: User | None = None

    @property
    def actor(self) -> User:
        """Who acts on it: whoever asked for it, unless a member of its group does."""
        return self.acted_by or self.user

    @property
    def did(self) -> Did:
        """The DID that is to be copied."""
        return Did(self.did_scope, self.did_name)

    @property
    def is_active(self) -> bool:
        """Whether something may still happen by itself."""
        return self.state in ACTIVE

    @property
    def is_cancelling(self) -> bool:
        """Whether its end was asked for and has not come."""
        return self.cancel_requested_at is not None and self.state not in {
            RequestState.CANCELLED,
            RequestState.EXPIRED,
        }

    @property
    def can_cancel(self) -> bool:
        """Whether there is something to end."""
        ended = {RequestState.CANCELLED, RequestState.EXPIRED, RequestState.FAILED}
        return self.state not in ended and self.cancel_requested_at is None

    @property
    def can_retry(self) -> bool:
        """Whether it ended before a rule was made, so that asking again makes sense."""
        return self.state == RequestState.FAILED

    @property
    def percent(self) -> int:
        """Progress in bytes, or in files where the sizes are not known."""
        done, total = (
            (self.bytes_done, self.bytes_total)
            if self.bytes_total
            else (self.files_done, self.files_total)
        )
        return min(100, done * 100 // total) if total else 0
