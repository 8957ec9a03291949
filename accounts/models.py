"""People, their identities, the vault's rows, and their accounts in the backends."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Role(models.TextChoices):
    """What a person may do here, given by group rules at each sign-in."""

    RESEARCHER = "researcher"
    DATA_MANAGER = "data-manager"
    OPERATOR = "operator"


class UserManager(BaseUserManager["User"]):
    """Makes users without passwords: people sign in at their institute only."""

    def create_user(self, handle: str, *, display_name: str = "", email: str = "") -> User:
        """Return a new user with an unusable password."""
        user = self.model(handle=handle, display_name=display_name, email=email)
        user.set_unusable_password()
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person; `handle` is their name in every backend and never changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    handle = models.CharField(max_length=20, unique=True)
    display_name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    groups = ArrayField(models.CharField(max_length=200), default=list)
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "handle"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    def __str__(self) -> str:
        return self.display_name or self.handle


class Identity(models.Model):
    """A sign-in at one provider; issuer and subject are kept byte for byte and are the key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    provider = models.CharField(max_length=40)
    issuer = models.CharField(max_length=400)
    subject = models.CharField(max_length=400)
    display_name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    groups = ArrayField(models.CharField(max_length=200), default=list)
    last_sign_in = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_issuer_subject")
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class TokenGrant(models.Model):
    """What a provider gave for an identity, encrypted; the row lock guards the refresh token."""

    identity = models.OneToOneField(Identity, on_delete=models.CASCADE, related_name="grant")
    access_token = models.BinaryField()
    access_expires_at = models.DateTimeField()
    refresh_token = models.BinaryField(default=bytes)
    id_token = models.BinaryField(default=bytes)
    refreshed_at = models.DateTimeField()

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


class AccountState(models.TextChoices):
    """How far an account in a backend is."""

    WAITING = "waiting"
    WORKING = "working"
    READY = "ready"
    FAILED = "failed"


class BackendAccount(models.Model):
    """A person's account in one backend: its name there, and how its making goes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="backend_accounts")
    service = models.CharField(max_length=20)
    account = models.CharField(max_length=60, blank=True)
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


class Acceptance(models.Model):
    """That a person accepted one version of the terms."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="acceptances")
    version = models.CharField(max_length=20)
    accepted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "version"], name="accepted_once")]

    def __str__(self) -> str:
        return f"{self.user_id} accepted {self.version}"
