"""The shapes of the sessions' API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions import services
from sessions.environments import Environment
from sessions.models import Session


class ChoiceSerializer(serializers.Serializer[object]):
    """One value of an option."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()


class OptionSerializer(serializers.Serializer[object]):
    """Something to choose in an environment."""

    key = serializers.CharField()
    name = serializers.CharField()
    help = serializers.CharField()
    default = serializers.CharField()
    choices = ChoiceSerializer(many=True)


class EnvironmentSerializer(serializers.Serializer[object]):
    """What a session may be started with."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    contents = serializers.ListField(child=serializers.CharField())
    groups = serializers.ListField(child=serializers.CharField())
    options = OptionSerializer(many=True)
    available = serializers.SerializerMethodField(help_text="Whether you may use it.")

    def get_available(self, environment: Environment) -> bool:
        """Return whether the caller's groups open it."""
        return environment.open_to(self.context["groups"])


class EnvironmentPageSerializer(serializers.Serializer[object]):
    """Every environment."""

    items = EnvironmentSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class LaunchSerializer(serializers.Serializer[object]):
    """What is asked for."""

    environment = serializers.CharField()
    options = serializers.DictField(child=serializers.CharField(), default=dict)
    name = serializers.CharField(default="", allow_blank=True)
    dataset = serializers.CharField(default="", allow_blank=True, allow_null=True)
    datasets = serializers.ListField(child=serializers.CharField(), default=list)


class EventSerializer(serializers.Serializer[object]):
    """A line of what happened."""

    at = serializers.DateTimeField()
    text = serializers.CharField()


class SessionSerializer(serializers.ModelSerializer[Session]):
    """A session; `url` opens it while it is ready."""

    options = serializers.DictField(child=serializers.CharField(), source="choices")
    dataset = serializers.SerializerMethodField()
    datasets = serializers.ListField(child=serializers.CharField())
    url = serializers.SerializerMethodField()
    events = EventSerializer(many=True)

    class Meta:
        model = Session
        fields = (
            "id", "name", "environment", "options", "dataset", "datasets", "state", "message",
            "percent", "url", "events", "created_at", "started_at", "ready_at", "stopped_at",
            "expires_at", "last_activity_at",
        )  # fmt: skip

    def get_dataset(self, session: Session) -> str | None:
        """Return the DID that it was opened with, of several the first."""
        return next(iter(session.datasets), None)

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_url(self, session: Session) -> str | None:
        """Return the address that opens it, null until it is ready."""
        return services.open_url(session) or None


class SessionPageSerializer(serializers.Serializer[object]):
    """A page of sessions."""

    items = SessionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class OpenDatasetSerializer(serializers.Serializer[object]):
    """Which dataset to open."""

    did = serializers.CharField()


class BrokerWishSerializer(serializers.Serializer[object]):
    """For which backend a token is wanted."""

    audience = serializers.ChoiceField(choices=["rucio", "reana", "uploads"])


class LoanSerializer(serializers.Serializer[object]):
    """A fresh token."""

    access_token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    account = serializers.CharField()
    service_url = serializers.CharField()
