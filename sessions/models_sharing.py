"""What people give each other: a way into a running session, and copies of notebooks."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import User


class Level(models.TextChoices):
    """What a guest may do in a session."""

    VIEW = "view"
    WORK = "work"


def _meant_for(user: User) -> Q:
    return Q(recipient=user) | Q(group__in=user.groups)


class ShareRows(models.QuerySet["Share"]):
    """Shares, cut to those that open something."""

    def standing(self, now: datetime) -> Self:
        """Return those that are neither over nor revoked."""
        return self.filter(revoked_at=None, until__gt=now)

    def meant_for(self, user: User) -> Self:
        """Return those with a person, by name or by one of their groups; not of their own."""
        return self.filter(_meant_for(user)).exclude(session__user=user)


class Share(models.Model):
    """A way into one session for a person, or for everybody of a group, until a moment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(
        "interactive_sessions.Session", on_delete=models.CASCADE, related_name="shares"
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    group = models.CharField(max_length=200, blank=True)
    level = models.CharField(max_length=4, choices=Level.choices)
    until = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ShareRows.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = [
            models.Index(fields=["recipient", "until"], name="share_with_person"),
            models.Index(fields=["group", "until"], name="share_with_group"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(recipient__isnull=False) ^ ~Q(group=""), name="person_or_group"
            )
        ]

    def __str__(self) -> str:
        return f"{self.session.name} for {self.recipient or self.group} ({self.level})"


class Guest(models.Model):
    """Somebody whom the hub lets into a session by a share, until it is taken back there."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="guests")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    let_in_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["share", "user"], name="one_guest_a_share")]

    def __str__(self) -> str:
        return f"{self.user} in {self.share.session.name}"


class HandoverRows(models.QuerySet["Handover"]):
    """Notebooks that were handed over."""

    def meant_for(self, user: User) -> Self:
        """Return those for a person, by name or by one of their groups."""
        return self.filter(_meant_for(user)).exclude(sender=user)


class Handover(models.Model):
    """A copy of a file that one person gives to another, or to a group."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    group = models.CharField(max_length=200, blank=True)
    session = models.ForeignKey(
        "interactive_sessions.Session", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    environment = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=250)
    content = models.BinaryField()
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    taken_at = models.DateTimeField(null=True)
    #: In bytes, where it was asked along with a row.
    size: int

    objects = HandoverRows.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = [models.Index(fields=["recipient", "-created_at"], name="handover_to_person")]
        constraints = [
            models.CheckConstraint(
                condition=Q(recipient__isnull=False) ^ ~Q(group=""), name="to_person_or_group"
            )
        ]

    def __str__(self) -> str:
        return self.name
