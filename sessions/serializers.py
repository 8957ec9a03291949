"""The shapes of the sessions' API."""

from __future__ import annotations

from collections.abc import Mapping

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions import services
from sessions.data_pages import data_of
from sessions.models import Session
from sessions.services.ends import next_end
from vre_portal.errors import InvalidRequest


class RepositorySerializer(serializers.Serializer[object]):
    """A Git repository to be fetched into a session, and the file that it then opens at."""

    url = serializers.CharField()
    ref = serializers.CharField(default="", allow_blank=True)
    path = serializers.CharField(default="", allow_blank=True)


def repository_of(given: Mapping[str, str]) -> services.RepositoryLink:
    """Return a repository that was sent, or raise `InvalidRequest`."""
    link = services.checked_repository(given["url"], given["ref"], given["path"])
    if link is None:
        raise InvalidRequest("repository: its url is needed.", field="repository")
    return link


class FetchedSerializer(RepositorySerializer):
    """The repository of a session: `state` is waiting, fetching, ready or failed."""

    state = serializers.CharField()
    message = serializers.CharField()
    folder = serializers.CharField()
    commit = serializers.CharField()


class OriginSerializer(serializers.Serializer[object]):
    """What a session was opened from."""

    kind = serializers.CharField()
    id = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()


class DataSerializer(serializers.Serializer[object]):
    """A DID of a session: here, coming, waiting, failed, looking or as-it-is, and its request."""

    did = serializers.CharField()
    state = serializers.CharField()
    message = serializers.CharField(source="sentence")
    request = serializers.CharField(source="request.pk", default=None, allow_null=True)
    files_done = serializers.IntegerField(source="done")
    files_total = serializers.IntegerField(source="total")


class LaunchSerializer(serializers.Serializer[object]):
    """What is asked for."""

    environment = serializers.CharField()
    options = serializers.DictField(child=serializers.CharField(), default=dict)
    name = serializers.CharField(default="", allow_blank=True)
    dataset = serializers.CharField(default="", allow_blank=True, allow_null=True)
    datasets = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Without it, those of the origin.",
    )
    repository = RepositorySerializer(required=False, allow_null=True)
    keep_alive = serializers.BooleanField(
        default=False, help_text="Whether kernels that work count as use."
    )
    bring = serializers.BooleanField(
        default=True,
        help_text="Whether data that sessions can't read yet is copied to where they can.",
    )
    origin = serializers.CharField(
        default="", allow_blank=True, help_text="What it is opened from: run:<id>, analysis:<slug>."
    )


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
    repository = serializers.SerializerMethodField()
    origin = serializers.SerializerMethodField()
    data = serializers.SerializerMethodField()  # type: ignore[assignment]  # fields leave the class
    ends_at = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = (
            "id", "name", "environment", "options", "dataset", "datasets", "state", "message",
            "percent", "url", "events", "created_at", "started_at", "ready_at", "stopped_at",
            "expires_at", "ends_at", "last_activity_at", "keep_alive",
            "digest", "repository", "origin", "data",
        )  # fmt: skip

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_ends_at(self, session: Session) -> object:
        """Return when it ends unless somebody uses or extends it, null without such an end."""
        end = next_end(session)
        return end.at if end else None

    @extend_schema_field(FetchedSerializer(allow_null=True))
    def get_repository(self, session: Session) -> object:
        """Return its Git repository and how far that is, null without one."""
        return FetchedSerializer(session.repository).data if session.repository else None

    @extend_schema_field(OriginSerializer(allow_null=True))
    def get_origin(self, session: Session) -> object:
        """Return what it was opened from, null for nothing."""
        return session.origin or None

    @extend_schema_field(DataSerializer(many=True))
    def get_data(self, session: Session) -> object:
        """Return where its data stand."""
        found = data_of(session, why=False, known=self.context.get("requests"))
        return DataSerializer(found.rows if found else (), many=True).data

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
    bring = serializers.BooleanField(default=True)


class BrokerWishSerializer(serializers.Serializer[object]):
    """For which backend a token is wanted."""

    audience = serializers.ChoiceField(choices=["rucio", "reana", "uploads"])


class LoanSerializer(serializers.Serializer[object]):
    """A fresh token."""

    access_token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    account = serializers.CharField()
    service_url = serializers.CharField()
