"""A person's account in each backend."""

from __future__ import annotations

import uuid

from django.db import models

from accounts.models.people import Identity, User


class AccountState(models.TextChoices):
    """How far an account in a backend is."""

    WAITING = "waiting"
    WORKING = "working"
    READY = "ready"
    FAILED = "failed"


class BackendAccount(models.Model):
    """A person's account in one backend: its name there, and how its making goes.

    `identity` is the one whose token opens it, so that a person with several is one person there
    too. `given_up` are (issuer, subject) pairs that were unlinked and may open it still;
    `absorbed` are the names of accounts whose people were merged into this one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="backend_accounts")
    service = models.CharField(max_length=20)
    account = models.CharField(max_length=60, blank=True)
    identity = models.ForeignKey(Identity, null=True, on_delete=models.SET_NULL, related_name="+")
    given_up = models.JSONField(default=list)
    absorbed = models.JSONField(default=list)
    state = models.CharField(
        max_length=10, choices=AccountState.choices, default=AccountState.WAITING
    )
    problem = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "service"], name="one_account_a_service")
        ]

    def __str__(self) -> str:
        return f"{self.account or '?'} in {self.service}: {self.state}"
