"""Ways in that are open: signed-in browsers, personal API tokens, and logouts already heard."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models.people import Identity, User


class WebSession(models.Model):
    """One signed-in browser: its session key, and the provider's session from which it came."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="web_sessions")
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="web_sessions")
    sid = models.CharField(max_length=400, blank=True)
    auth_time = models.DateTimeField()
    acr = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(auto_now_add=True)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["identity", "sid"], name="web_session_of_sid")]

    def __str__(self) -> str:
        return f"browser of {self.user_id} since {self.started_at:%F %R}"


class HeardLogout(models.Model):
    """A logout token that was obeyed: its `jti`, kept until the token is too old to be replayed."""

    issuer = models.CharField(max_length=400)
    jti = models.CharField(max_length=400)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "jti"], name="logout_heard_once")]

    def __str__(self) -> str:
        return f"{self.jti} of {self.issuer}"


class TokenScope(models.TextChoices):
    """What a personal API token opens; `read` reads everything, the others act in one part."""

    READ = "read"
    DATA = "data"
    SESSIONS = "sessions"
    WORKFLOWS = "workflows"
    ADMIN = "admin"


class ApiToken(models.Model):
    """A personal API token, stored as its SHA-256; revoked ones stay as history."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    scopes = ArrayField(models.CharField(max_length=20, choices=TokenScope.choices))
    hint = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.GenericIPAddressField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"
