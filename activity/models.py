"""What happened to whom; which of it goes out by mail or webhook, and what each person wants so."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Level(models.TextChoices):
    """How an event is to be taken."""

    INFO = "info"
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


TONES = {Level.INFO: "idle", Level.OK: "ok", Level.WARNING: "wait", Level.ERROR: "bad"}


class Event(models.Model):
    """One thing that happened: a sentence, and the object that it happened to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    verb = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200)
    text = models.TextField()
    level = models.CharField(max_length=10, choices=Level.choices, default=Level.INFO)
    url = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["user", "-at"], name="event_of_user"),
            models.Index(fields=["subject_kind", "subject_id", "-at"], name="event_of_subject"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def time(self) -> datetime:
        """When it happened, as the timeline component asks for it."""
        return self.at

    @property
    def tone(self) -> str:
        """The colour of its mark on a timeline."""
        return TONES[Level(self.level)]


class MailState(models.TextChoices):
    """How far a mail, or a notice on its way to a webhook, is."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    GIVEN_UP = "given-up"


#: What may still have to go out.
OPEN = (MailState.WAITING.value, MailState.SENDING.value)


class Mail(models.Model):
    """That an event goes out by mail: written with the event, so that none is without the other.

    `message` is the message in which it went; one may tell of several events. `due_at` says when
    to try next, and while it is being sent, till when the worker's claim on it holds.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="mail")
    address = models.EmailField()
    state = models.CharField(
        max_length=10, choices=MailState.choices, default=MailState.WAITING.value
    )
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    message = models.UUIDField(null=True)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="mail_is_due", condition=models.Q(state__in=OPEN)),
            models.Index(fields=["address", "sent_at"], name="mail_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.address}: {self.state}"


class MailPreference(models.Model):
    """That a person chose whether notices of a kind come by mail."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    by_mail = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_choice_a_kind")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind} {self.by_mail}"


class Webhook(models.Model):
    """Where a person's notices go as JSON, which kinds of them, and how that goes.

    `failing_since` is when the first failure after the last success was; `off_since` when the
    portal gave it up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    url = models.CharField(max_length=500)
    secret = models.BinaryField()
    kinds = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    problem = models.CharField(max_length=100, blank=True)
    failing_since = models.DateTimeField(null=True)
    off_since = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.state}"

    @property
    def state(self) -> str:
        """Whether it is ``on``, ``failing`` or ``off``."""
        if self.off_since:
            return "off"
        return "failing" if self.failing_since else "on"


class Delivery(models.Model):
    """That an event goes to a webhook: written with the event, so that none is without the other.

    `due_at` says when to try next, and while it is being sent, till when the worker's claim holds.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="delivery")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(
        max_length=10, choices=MailState.choices, default=MailState.WAITING.value
    )
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=100, blank=True)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["due_at"], name="delivery_is_due", condition=models.Q(state__in=OPEN)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.webhook_id}: {self.state}"
