"""A session: what a person asked for, where it stands, and what happened on the way."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from sessions.models_builds import Build, BuildState
from sessions.models_sharing import Guest, Handover, Level, Share

__all__ = [
    "ACTIVE",
    "ASKED_AT",
    "FINISHED",
    "FOR_READING",
    "PENDING",
    "Build",
    "BuildState",
    "Guest",
    "Handover",
    "Level",
    "Session",
    "SessionRows",
    "SessionState",
    "Share",
    "server_name",
]


class SessionState(models.TextChoices):
    """Where a session stands."""

    QUEUED = "queued"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


PENDING = (SessionState.QUEUED, SessionState.STARTING)
ACTIVE = (*PENDING, SessionState.READY, SessionState.STOPPING)
FINISHED = (SessionState.STOPPED, SessionState.FAILED)
#: In the policy of a session that the portal itself has started, to read its files.
FOR_READING = "for_reading"
#: When the start that counts was asked for, in a query.
ASKED_AT = Coalesce("restarted_at", "created_at")


def server_name() -> str:
    """Return a new name at the hub: lower case and no underscore, or the hub refuses it."""
    return f"s-{secrets.token_hex(4)}"


class SessionRows(models.QuerySet["Session"]):
    """Sessions, cut to what somebody may see."""

    def visible_to(self, user: User) -> SessionRows:
        """Return the user's own sessions, without those taken off the list."""
        return self.filter(user=user, removed_at=None)

    def active(self) -> SessionRows:
        """Return those that have not ended."""
        return self.filter(state__in=ACTIVE)

    def finished(self) -> SessionRows:
        """Return those that have ended."""
        return self.filter(state__in=FINISHED)

    def for_lists(self) -> SessionRows:
        """Leave out what fills most of a row and stands on the session's own page only."""
        return self.defer("events", "options", "policy", "usage", "brought", "repository", "origin")


class Session(models.Model):
    """One session on the hub; `url` is the path that opens it, below the hub's address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=60)
    environment_name = models.CharField(max_length=200)
    options = models.JSONField(default=dict)
    name = models.CharField(max_length=100)
    server = models.CharField(max_length=20, default=server_name)
    datasets = models.JSONField(default=list, help_text="DIDs that it was opened with")
    state = models.CharField(
        max_length=10, choices=SessionState.choices, default=SessionState.QUEUED
    )
    message = models.TextField(blank=True)
    percent = models.PositiveSmallIntegerField(default=0)
    events = models.JSONField(default=list)
    url = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    #: When it began anew under its name; null while it has not.
    restarted_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    last_activity_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    policy = models.JSONField(default=dict, help_text="How long it may go on, and how large it is")
    #: Whether a kernel that works counts as use.
    keep_alive = models.BooleanField(default=False)
    #: The end that its owner was warned of; another end is warned of anew.
    warned_of = models.DateTimeField(null=True)
    #: With what it starts again once it has stopped; null when it does not.
    restart_with = models.JSONField(null=True)
    origin = models.JSONField(default=dict, help_text="What it came from: kind, id, title, url")
    repository = models.JSONField(default=dict, help_text="A Git repository: url, ref, path, state")
    brought = models.JSONField(default=dict, help_text="By DID: the request that brings it near")
    digest = models.CharField(max_length=100, blank=True, help_text="Exactly what it ran in")
    usage = models.JSONField(default=dict, help_text="What it used when it was last asked")
    usage_at = models.DateTimeField(null=True)

    objects = SessionRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "server"], name="one_session_a_server")
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="session_of_user"),
            models.Index(
                fields=["state"],
                condition=models.Q(state__in=["queued", "starting", "ready", "stopping"]),
                name="session_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.state in ACTIVE

    @property
    def is_pending(self) -> bool:
        """Whether it is still on its way."""
        return self.state in PENDING

    @property
    def is_for_reading(self) -> bool:
        """Whether the portal started it to read its files, and nobody uses it so far."""
        return bool(self.policy.get(FOR_READING))

    @property
    def policy_of_a_person(self) -> dict[str, Any]:
        """The policy as it is once a person uses the session."""
        policy: dict[str, Any] = self.policy
        return {name: value for name, value in policy.items() if name != FOR_READING}

    @property
    def choices(self) -> dict[str, str]:
        """The chosen options without the hub's own key for the environment."""
        options: dict[str, Any] = self.options
        return {key: value for key, value in options.items() if key != "profile"}

    @property
    def asked_at(self) -> datetime:
        """When the start that counts was asked for."""
        return self.restarted_at or self.created_at

    @property
    def waited(self) -> timedelta:
        """How long the start took, or has taken until now."""
        return (self.ready_at or self.stopped_at or timezone.now()) - self.asked_at
