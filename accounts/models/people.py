"""People, the identities with which they sign in, and the terms that they accepted."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Role(models.TextChoices):
    """What a person may do here, given by rules at each sign-in and refresh; none by default."""

    MEMBER = "member"
    DATA_MANAGER = "datamanager"
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
    """A person; `handle` is their name in every backend and never changes.

    Whoever is suspended, or was merged into another account, is not active. `delete_after` is the
    end of the grace time of somebody who asked to be deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    handle = models.CharField(max_length=20, unique=True)
    display_name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    groups = ArrayField(models.CharField(max_length=200), default=list)
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list)
    is_active = models.BooleanField(default=True)
    suspended_at = models.DateTimeField(null=True)
    suspension_reason = models.CharField(max_length=300, blank=True)
    delete_after = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "handle"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    def __str__(self) -> str:
        return self.display_name or self.handle


class Identity(models.Model):
    """A way to sign in at one provider; issuer and subject are kept byte for byte and are the key.

    `lapsed_at` says since when the provider no longer vouches for it; the next sign-in mends that.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    provider = models.CharField(max_length=40)
    issuer = models.CharField(max_length=400)
    subject = models.CharField(max_length=400)
    display_name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    email_verified = models.BooleanField(default=False)
    groups = ArrayField(models.CharField(max_length=200), default=list)
    entitlements = ArrayField(models.CharField(max_length=400), default=list)
    assurance = ArrayField(models.CharField(max_length=200), default=list)
    acr = models.CharField(max_length=200, blank=True)
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list)
    institution = models.CharField(max_length=200, blank=True)
    last_sign_in = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_issuer_subject")
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class Acceptance(models.Model):
    """That a person accepted one version of the terms."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="acceptances")
    version = models.CharField(max_length=20)
    accepted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "version"], name="accepted_once")]

    def __str__(self) -> str:
        return f"{self.user_id} accepted {self.version}"
