"""What is decided: rules approved, denied, kept, ended; quotas asked for; subscriptions."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Role, User
from data_mgmt.backends.values import Did

MAX_NOTE = 500


class RuleVerb(models.TextChoices):
    """What is to be done to a rule; the names are the API's."""

    APPROVE = "approve"
    DENY = "deny"
    EXTEND = "extend"
    END = "end"
    END_LATER = "end_later"


#: What a data manager says to a rule that waits.
DECISIONS = (RuleVerb.APPROVE, RuleVerb.DENY)


class ActionState(models.TextChoices):
    """Where an action stands; `overtaken`: somebody else was quicker."""

    WAITING = "waiting"
    DONE = "done"
    OVERTAKEN = "overtaken"
    FAILED = "failed"


class RuleActionQuerySet(models.QuerySet["RuleAction"]):
    """Actions, as far as somebody may see them."""

    def visible_to(self, user: User) -> Self:
        """Return the user's own."""
        return self.filter(user=user)

    def decisions(self) -> Self:
        """Return what data managers decided."""
        return self.filter(verb__in=DECISIONS)


class RuleAction(models.Model):
    """One rule of those that somebody changed at once, and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: Empty once the person has left: what was decided outlives who decided it.
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="rule_actions"
    )
    #: Those that were chosen together.
    batch = models.UUIDField()
    verb = models.CharField(max_length=10, choices=RuleVerb.choices)
    rule = models.UUIDField()
    account = models.CharField(max_length=30)
    did_scope = models.CharField(max_length=30)
    did_name = models.CharField(max_length=250)
    storage = models.CharField(max_length=255)
    bytes = models.PositiveBigIntegerField(null=True)
    lifetime_days = models.PositiveIntegerField(null=True)
    note = models.CharField(max_length=MAX_NOTE, blank=True)
    state = models.CharField(
        max_length=10, choices=ActionState.choices, default=ActionState.WAITING
    )
    reason = models.TextField(blank=True)
    #: When Rucio was told first: after a crash, what is done already was done by this.
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = RuleActionQuerySet.as_manager()

    class Meta:
        verbose_name = "change of a rule"
        verbose_name_plural = "changes of rules"
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["rule"],
                condition=Q(state=ActionState.WAITING, verb__in=DECISIONS),
                name="one_decision_at_a_time",
            )
        ]
        indexes = [
            models.Index(fields=["user", "batch"], name="action_of_batch"),
            models.Index(fields=["rule", "verb"], name="action_of_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.rule}: {self.state}"

    @property
    def did(self) -> Did:
        """The DID that the rule holds."""
        return Did(self.did_scope, self.did_name)

    @property
    def rule_id(self) -> str:
        """The rule's id as Rucio writes it."""
        return self.rule.hex

    @property
    def is_waiting(self) -> bool:
        """Whether it has still to be done."""
        return self.state == ActionState.WAITING


class WaitingRule(models.Model):
    """A rule that waits for approval, as last seen: what is new is told to data managers once."""

    rule = models.UUIDField(primary_key=True)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "rule that waits"
        verbose_name_plural = "rules that wait"

    def __str__(self) -> str:
        return self.rule.hex


class QuotaState(models.TextChoices):
    """Where a wish for quota stands; the names are the API's."""

    WAITING = "waiting"
    GRANTING = "granting"
    GRANTED = "granted"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


#: States in which it is not decided.
OPEN = (QuotaState.WAITING, QuotaState.GRANTING)


class QuotaRequestQuerySet(models.QuerySet["QuotaRequest"]):
    """Wishes for quota, as far as somebody may see them."""

    def visible_to(self, user: User) -> Self:
        """Return the user's own, and to data managers everybody's."""
        return self if Role.DATA_MANAGER.value in user.roles else self.filter(user=user)

    def open(self) -> Self:
        """Return those that nobody has decided."""
        return self.filter(state__in=OPEN)


class QuotaRequest(models.Model):
    """Somebody's wish for a limit at a storage, in bytes in all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="quota_requests")
    account = models.CharField(max_length=30)
    storage = models.CharField(max_length=255)
    bytes = models.PositiveBigIntegerField()
    limit_before = models.PositiveBigIntegerField(null=True)
    used_before = models.PositiveBigIntegerField(default=0)
    reason = models.CharField(max_length=MAX_NOTE)
    state = models.CharField(max_length=10, choices=QuotaState.choices, default=QuotaState.WAITING)
    granted_bytes = models.PositiveBigIntegerField(null=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="quotas_decided"
    )
    note = models.CharField(max_length=MAX_NOTE, blank=True)
    #: Why it could not be granted, when it was tried.
    problem = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)

    objects = QuotaRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "request for quota"
        verbose_name_plural = "requests for quota"
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "storage"],
                condition=Q(state__in=OPEN),
                name="one_open_quota_request",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account} at {self.storage}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided it."""
        return self.state in OPEN


class SubscriptionVerb(models.TextChoices):
    """What is to be done to a subscription."""

    CREATE = "create"
    EDIT = "edit"
    RETIRE = "retire"


class SubscriptionChangeQuerySet(models.QuerySet["SubscriptionChange"]):
    """Changes of subscriptions, as far as somebody may see them."""

    def visible_to(self, user: User) -> Self:
        """Return the user's own."""
        return self.filter(user=user)


class SubscriptionChange(models.Model):
    """A subscription as somebody wants it, and whether it has come to Rucio."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="subscription_changes")
    verb = models.CharField(max_length=10, choices=SubscriptionVerb.choices)
    account = models.CharField(max_length=30)
    name = models.CharField(max_length=64)
    #: Empty until Rucio has made it.
    subscription = models.UUIDField(null=True)
    wish = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=ActionState.choices, default=ActionState.WAITING
    )
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = SubscriptionChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "change of a subscription"
        verbose_name_plural = "changes of subscriptions"
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                condition=Q(state=ActionState.WAITING),
                name="one_change_of_a_subscription",
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.name}: {self.state}"
