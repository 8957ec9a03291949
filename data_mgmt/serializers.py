"""The shapes of the API's data part."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from data_mgmt.backends import Did
from data_mgmt.models import ReplicaRequest
from data_mgmt.services.replicas import MAX_COMMENT, MAX_LIFETIME_DAYS


class ScopeSerializer(serializers.Serializer[Any]):
    """A scope."""

    scope = serializers.CharField()


class DidSerializer(serializers.Serializer[Any]):
    """A DID with what a list knows of it; the names are those of the stream's rows."""

    scope = serializers.CharField(source="did.scope")
    name = serializers.CharField(source="did.name")
    did_type = serializers.CharField(source="type")
    bytes = serializers.IntegerField(allow_null=True)
    length = serializers.IntegerField(source="files", allow_null=True)


class DidDetailSerializer(DidSerializer):
    """A DID."""

    did = serializers.CharField()
    account = serializers.CharField()
    open = serializers.BooleanField(source="is_open")
    adler32 = serializers.CharField()


class ParentSerializer(serializers.Serializer[Any]):
    """A collection that holds a DID."""

    scope = serializers.CharField()
    name = serializers.CharField()


class FileSerializer(serializers.Serializer[Any]):
    """A file."""

    scope = serializers.CharField(source="did.scope")
    name = serializers.CharField(source="did.name")
    bytes = serializers.IntegerField()
    adler32 = serializers.CharField()


class CopySerializer(serializers.Serializer[Any]):
    """One copy of a file."""

    storage = serializers.CharField()
    state = serializers.CharField()
    address = serializers.CharField()


class FileReplicasSerializer(serializers.Serializer[Any]):
    """A file and its copies."""

    scope = serializers.CharField(source="file.did.scope")
    name = serializers.CharField(source="file.did.name")
    bytes = serializers.IntegerField(source="file.bytes")
    adler32 = serializers.CharField(source="file.adler32")
    replicas = CopySerializer(source="copies", many=True)


class AvailabilitySerializer(serializers.Serializer[Any]):
    """How much of a DID is at one storage."""

    storage = serializers.CharField()
    files = serializers.IntegerField()
    files_total = serializers.IntegerField()
    bytes = serializers.IntegerField()
    bytes_total = serializers.IntegerField()
    complete = serializers.BooleanField(source="is_complete")


class ReplicasSerializer(serializers.Serializer[Any]):
    """Where a DID is: by storage, and file by file."""

    storages = AvailabilitySerializer(many=True)
    items = FileReplicasSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class RuleSerializer(serializers.Serializer[Any]):
    """A replication rule on a DID."""

    id = serializers.CharField()
    did = serializers.CharField()
    account = serializers.CharField()
    storage = serializers.CharField()
    copies = serializers.IntegerField()
    state = serializers.CharField()
    locks_ok = serializers.IntegerField()
    locks_replicating = serializers.IntegerField()
    locks_stuck = serializers.IntegerField()
    error = serializers.CharField()
    comment = serializers.CharField()
    created_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class StorageSerializer(serializers.Serializer[Any]):
    """A storage; sizes in bytes."""

    name = serializers.CharField()
    kind = serializers.CharField()
    site = serializers.CharField()
    country = serializers.CharField()
    writable = serializers.BooleanField(source="is_writable")
    used = serializers.IntegerField(allow_null=True)
    free = serializers.IntegerField(allow_null=True)


class UsageSerializer(serializers.Serializer[Any]):
    """The account's use of a storage; `limit` and `remaining` are null for no limit."""

    storage = serializers.CharField()
    used = serializers.IntegerField()
    files = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)
    remaining = serializers.IntegerField(allow_null=True)


@extend_schema_field(OpenApiTypes.STR)
class DidField(serializers.Field[Did, str, str, Any]):
    """``scope:name``."""

    def to_internal_value(self, data: object) -> Did:
        """Read the text."""
        if not isinstance(data, str):
            raise serializers.ValidationError("Write the data identifier as scope:name.")
        return Did.parse(data)

    def to_representation(self, value: Did) -> str:
        """Write the text."""
        return str(value)


class WishSerializer(serializers.Serializer[Any]):
    """What is to be copied where."""

    did = DidField()
    storage = serializers.CharField(max_length=255)
    copies = serializers.IntegerField(default=1)
    lifetime_days = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=MAX_LIFETIME_DAYS
    )
    comment = serializers.CharField(default="", allow_blank=True, max_length=MAX_COMMENT)
    activity = serializers.CharField(default="", allow_blank=True, max_length=50)
    ask_approval = serializers.BooleanField(default=False)
    confirm_large = serializers.BooleanField(default=False)
    account = serializers.CharField(default="", allow_blank=True, max_length=30)


class ChangesSerializer(serializers.Serializer[Any]):
    """What is to change of a request; what is left out stays."""

    lifetime_days = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_LIFETIME_DAYS
    )
    comment = serializers.CharField(required=False, allow_blank=True, max_length=MAX_COMMENT)
    boost = serializers.BooleanField(required=False)

    def validate_boost(self, value: bool) -> bool:
        """Take only true: what was boosted can't be taken back."""
        if not value:
            raise serializers.ValidationError("Leave it out, or give true.")
        return value


class FileStateSerializer(serializers.Serializer[Any]):
    """A file of a request: how far it is, and what its last transfer said."""

    scope = serializers.CharField(source="did.scope")
    name = serializers.CharField(source="did.name")
    storage = serializers.CharField()
    state = serializers.CharField()
    reason = serializers.CharField()


class EstimateWishSerializer(serializers.Serializer[Any]):
    """What would be copied where."""

    did = DidField()
    storage = serializers.CharField(max_length=255)
    copies = serializers.IntegerField(default=1)


class EstimateSerializer(serializers.Serializer[Any]):
    """What a request would do; sizes in bytes, `seconds` null while there is no experience."""

    did = DidField()
    storage = serializers.CharField()
    files = serializers.IntegerField()
    bytes = serializers.IntegerField()
    files_there = serializers.IntegerField()
    bytes_there = serializers.IntegerField()
    files_to_move = serializers.IntegerField()
    bytes_to_move = serializers.IntegerField()
    free = serializers.IntegerField(allow_null=True)
    quota_limit = serializers.IntegerField(allow_null=True)
    quota_used = serializers.IntegerField()
    quota_after = serializers.IntegerField()
    fits = serializers.BooleanField()
    problem = serializers.CharField()
    seconds = serializers.FloatField(allow_null=True)
    recall_bytes = serializers.IntegerField()
    confirm_large = serializers.BooleanField()
    needs_approval = serializers.BooleanField()
    approvers = serializers.ListField(child=serializers.CharField())
    may_ask_approval = serializers.BooleanField()


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a request is."""

    files_done = serializers.IntegerField()
    files_total = serializers.IntegerField()
    bytes_done = serializers.IntegerField()
    bytes_total = serializers.IntegerField()


class ReplicaRequestSerializer(serializers.ModelSerializer[ReplicaRequest]):
    """A replica request with the last that is known of it."""

    did = serializers.CharField()
    progress = ProgressSerializer(source="*")
    cancelling = serializers.BooleanField(source="is_cancelling")

    class Meta:
        model = ReplicaRequest
        fields = (
            "id", "did", "storage", "copies", "lifetime_days", "comment", "activity", "account",
            "ask_approval", "rule_id", "state",
            "reason", "progress", "cancelling", "created_at", "updated_at", "finished_at",
            "expires_at", "last_checked_at",
        )  # fmt: skip
