"""The shapes of the API of environments that people make."""

from __future__ import annotations

from rest_framework import serializers

from sessions.models import Build
from sessions.recipes import LONGEST_TEXT


class BuildWishSerializer(serializers.Serializer[object]):
    """What is to be made: a repository, or a list of packages as `text`."""

    title = serializers.CharField()
    description = serializers.CharField(default="", allow_blank=True)
    repository = serializers.CharField(default="", allow_blank=True)
    ref = serializers.CharField(default="", allow_blank=True)
    file_name = serializers.CharField(default="requirements.txt", allow_blank=True)
    text = serializers.CharField(
        default="", allow_blank=True, trim_whitespace=False, max_length=LONGEST_TEXT
    )


class BuildChangeSerializer(serializers.Serializer[object]):
    """What is changed; what is left out stays."""

    title = serializers.CharField(required=False)
    description = serializers.CharField(required=False, allow_blank=True)
    groups = serializers.ListField(child=serializers.CharField(), required=False)


class PackageSerializer(serializers.Serializer[object]):
    """A package that was added to the site's base."""

    name = serializers.CharField()
    version = serializers.CharField()


class BuildSerializer(serializers.ModelSerializer[Build]):
    """An environment of somebody's own; `environment` is the slug that launches it."""

    owner = serializers.CharField(source="owner.handle")
    environment = serializers.CharField(source="slug")
    packages = PackageSerializer(many=True)
    groups = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Build
        fields = (
            "id", "owner", "title", "description", "environment", "state", "message",
            "repository", "ref", "commit", "file_name", "digest", "packages", "size_bytes",
            "groups", "created_at", "started_at", "finished_at",
        )  # fmt: skip


class BuildPageSerializer(serializers.Serializer[object]):
    """A page of them."""

    items = BuildSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class BuildLogSerializer(serializers.Serializer[object]):
    """What the making says, and where it stands."""

    state = serializers.CharField()
    log = serializers.CharField()
