"""The vault's rows: what providers gave, encrypted."""

from __future__ import annotations

from django.db import models

from accounts.models.people import Identity


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
