"""The shapes of the API of a session's files, log and events."""

from __future__ import annotations

from rest_framework import serializers

from sessions.serializers import EventSerializer


class FileEntrySerializer(serializers.Serializer[object]):
    """A file or folder; `path` begins at the home, `size` is null for folders."""

    name = serializers.CharField()
    path = serializers.CharField()
    kind = serializers.ChoiceField(["folder", "file", "notebook"])
    size = serializers.IntegerField(allow_null=True)
    changed_at = serializers.DateTimeField(allow_null=True)
    writable = serializers.BooleanField()


class FolderEntriesSerializer(serializers.Serializer[object]):
    """What is in a folder, folders first."""

    items = FileEntrySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewFolderSerializer(serializers.Serializer[object]):
    """Which folder to make."""

    path = serializers.CharField()


class NewPathSerializer(serializers.Serializer[object]):
    """Where something goes."""

    to = serializers.CharField()


class SessionLogSerializer(serializers.Serializer[object]):
    """The end of a session's log."""

    lines = serializers.ListField(child=serializers.CharField())


class SessionEventsSerializer(serializers.Serializer[object]):
    """What happened, oldest first."""

    items = EventSerializer(many=True)
    next = serializers.CharField(allow_null=True)
