"""The vault's rows: what providers gave, encrypted."""

from __future__ import annotations

import uuid

from django.db import models

from accounts.models.people import Identity, User


class TokenGrant(models.Model):
    """What a provider gave for an identity, encrypted; a lock by identity guards the refresh token.

    `refresh_tried_at` is set while nobody knows whether the provider took the refresh token.
    """

    identity = models.OneToOneField(Identity, on_delete=models.CASCADE, related_name="grant")
    access_token = models.BinaryField()
    access_expires_at = models.DateTimeField()
    refresh_token = models.BinaryField(default=bytes)
    id_token = models.BinaryField(default=bytes)
    refreshed_at = models.DateTimeField()
    refresh_tried_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"grant of {self.identity_id}"


class AudienceToken(models.Model):
    """A short token for one audience, exchanged from a grant, kept encrypted until it is old."""

    grant = models.ForeignKey(TokenGrant, on_delete=models.CASCADE, related_name="audiences")
    audience = models.CharField(max_length=60)
    token = models.BinaryField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "audience"], name="audience_of_grant")
        ]

    def __str__(self) -> str:
        return f"token for {self.audience}"


class StoredToken(models.Model):
    """A token that a person pasted for a service that takes no exchanged one, encrypted.

    `account` is whom the service saw behind it when it was kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="stored_tokens")
    service = models.CharField(max_length=20)
    account = models.CharField(max_length=200, blank=True)
    token = models.BinaryField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "service"], name="one_stored_token_a_service")
        ]

    def __str__(self) -> str:
        return f"stored token for {self.service}"
