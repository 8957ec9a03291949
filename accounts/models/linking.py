"""A second identity that was proven and waits for its owner's word."""

from __future__ import annotations

import uuid

from django.db import models

from accounts.models.people import User


class PendingLink(models.Model):
    """What a sign-in with the intent to link gave, until it is confirmed, left or too old.

    It belongs to one browser. `other` is the account that has this identity already: then the
    two accounts would be merged. Claims and tokens are sealed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session_key = models.CharField(max_length=40)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="pending_links")
    other = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=40)
    subject = models.CharField(max_length=400)
    sealed = models.BinaryField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.subject} at {self.provider} for {self.user_id}"
