"""The shapes of the API of a run's files and registrations."""

from __future__ import annotations

from collections.abc import Mapping

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reproducibility.models import FileState, Registration, RegistrationState
from reproducibility.services import registering


class WorkspaceEntrySerializer(serializers.Serializer[object]):
    """A file or folder of a workspace; a folder has the bytes and number of all files below."""

    name = serializers.CharField()
    path = serializers.CharField()
    kind = serializers.ChoiceField(["folder", "file"])
    size = serializers.IntegerField()
    files = serializers.IntegerField()
    is_output = serializers.BooleanField()
    sha256 = serializers.CharField(help_text="Empty where nobody has read the file yet.")


class WorkspaceSerializer(serializers.Serializer[object]):
    """What is in a folder, folders first."""

    items = WorkspaceEntrySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class RegisterSerializer(serializers.Serializer[object]):
    """What to register in Rucio."""

    dataset = serializers.CharField(
        max_length=250, required=False, default="", help_text="`<slug>-run-<n>` unless given."
    )
    scope = serializers.CharField(
        max_length=30, required=False, default="", help_text="Your own unless given."
    )
    storage = serializers.CharField(
        max_length=255, required=False, default="", allow_blank=True,
        help_text="The first disk with room unless given.",
    )  # fmt: skip
    lifetime_days = serializers.IntegerField(required=False, allow_null=True, default=None)
    files = serializers.ListField(
        child=serializers.CharField(), required=False, default=list, max_length=1000,
        help_text="Paths in the workspace; all outputs unless given.",
    )  # fmt: skip


class RegisteredFileSerializer(serializers.Serializer[object]):
    """A file on its way into Rucio."""

    path = serializers.CharField()
    did = serializers.CharField()
    size = serializers.IntegerField()
    state = serializers.ChoiceField(FileState.choices)


class RegistrationProgressSerializer(serializers.Serializer[object]):
    """How much of it is in Rucio."""

    files_done = serializers.IntegerField()
    files_total = serializers.IntegerField()
    bytes_done = serializers.IntegerField()
    bytes_total = serializers.IntegerField()


class RegistrationSerializer(serializers.Serializer[object]):
    """A registration: how far it is, and what it says of the run."""

    id = serializers.UUIDField()
    run = serializers.UUIDField(source="run_id")
    dataset = serializers.CharField()
    storage = serializers.CharField()
    lifetime_days = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(RegistrationState.choices)
    message = serializers.CharField()
    metadata = serializers.DictField()
    progress = serializers.SerializerMethodField()
    files = RegisteredFileSerializer(many=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(RegistrationProgressSerializer)
    def get_progress(self, found: Registration) -> Mapping[str, int]:
        """Return how much of it is in Rucio."""
        return registering.progress(found)


class RegistrationPageSerializer(serializers.Serializer[object]):
    """The registrations of a run."""

    items = RegistrationSerializer(many=True)
    next = serializers.CharField(allow_null=True)
