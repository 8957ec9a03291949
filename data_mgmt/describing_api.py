"""The API's part that describes DIDs and tells of one storage."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt import serializers as shapes
from data_mgmt import services
from data_mgmt.api import DataView
from data_mgmt.backends import Did, Value
from data_mgmt.metadata_forms import check_key, check_value
from data_mgmt.models_metadata import MetadataEdit
from data_mgmt.services import describing, places
from data_mgmt.services.describing import Change
from vre_portal.errors import InvalidRequest
from vre_portal.paging import PAGE_PARAMETERS, page


class ChangesWish(serializers.Serializer[Any]):
    """Keys to write; null removes one. What was `shown` before is compared, null for no key."""

    set = serializers.DictField(child=serializers.JSONField(allow_null=True), allow_empty=False)
    shown = serializers.DictField(child=serializers.JSONField(allow_null=True), required=False)

    def changes(self) -> list[Change]:
        """Return the changes that were sent."""
        values = self.validated_data
        shown: dict[str, Any] = values.get("shown", {})
        return [
            Change(check_key(key), _value(key, value), shown.get(key), compares=key in shown)
            for key, value in values["set"].items()
        ]


def _value(key: str, value: object) -> Value | None:
    if value is None:
        return None
    if not isinstance(value, str | int | float | bool):
        words = f"{key}: a value is a text, a number, true or false, or null to remove the key."
        raise InvalidRequest(words, field=key)
    return check_value(key, value)


class ChangedKeySerializer(serializers.Serializer[Any]):
    """One key; null is none."""

    key = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class MetadataEditSerializer(serializers.ModelSerializer[MetadataEdit]):
    """A change of some keys."""

    did = serializers.CharField()
    changes = ChangedKeySerializer(many=True)

    class Meta:
        model = MetadataEdit
        fields = (
            "id", "did", "account", "state", "reason", "created_at", "finished_at", "changes",
        )  # fmt: skip


class MetadataView(DataView):
    """What people wrote about a DID."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return the metadata."""
        did = Did(scope, name)
        found = services.ask(user_of(request), lambda backend, who: backend.metadata(who, did))
        return Response(dict(found))

    @extend_schema(
        request=ChangesWish, responses={200: {"type": "null"}, 202: MetadataEditSerializer}
    )
    def put(self, request: Request, scope: str, name: str) -> Response:
        """Change keys: 202 while Rucio is told, 200 where all is so already."""
        wish = ChangesWish(data=request.data)
        wish.is_valid(raise_exception=True)
        made = describing.change_metadata(user_of(request), Did(scope, name), wish.changes())
        if made is None:
            return Response(None)
        return Response(MetadataEditSerializer(made).data, status=status.HTTP_202_ACCEPTED)


class HistoryView(DataView):
    """What was changed in a DID's metadata."""

    @extend_schema(
        operation_id="data_dids_metadata_history_list",
        parameters=PAGE_PARAMETERS,
        responses=inline_serializer(
            "MetadataHistory",
            {
                "items": MetadataEditSerializer(many=True),
                "next": serializers.URLField(allow_null=True),
            },
        ),
    )
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return a page of changes, newest first, to whom Rucio shows the DID."""
        did = Did(scope, name)
        info = services.ask(user_of(request), lambda backend, who: backend.get_did(who, did))
        rows, more = page(describing.history(info), request)
        return Response({"items": MetadataEditSerializer(rows, many=True).data, "next": more})


class DoorSerializer(serializers.Serializer[Any]):
    """A protocol with its address."""

    scheme = serializers.CharField()
    address = serializers.CharField()


class HeldSerializer(serializers.Serializer[Any]):
    """A rule of yours with what it holds."""

    id = serializers.CharField(source="rule.id")
    did = serializers.CharField(source="rule.did")
    state = serializers.CharField(source="rule.state")
    bytes = serializers.IntegerField(allow_null=True)
    expires_at = serializers.DateTimeField(source="rule.expires_at", allow_null=True)


class DatasetAtSerializer(serializers.Serializer[Any]):
    """A dataset of which the storage has files."""

    did = serializers.CharField()
    files = serializers.IntegerField()
    files_total = serializers.IntegerField()
    bytes = serializers.IntegerField()
    complete = serializers.BooleanField(source="is_complete")


class StorageDetailsSerializer(shapes.StorageSerializer):
    """A storage in full; a list is null when Rucio did not give it in time."""

    name = serializers.CharField(source="details.storage.name")
    kind = serializers.CharField(source="details.storage.kind")
    site = serializers.CharField(source="details.storage.site")
    country = serializers.CharField(source="details.storage.country")
    writable = serializers.BooleanField(source="details.storage.is_writable")
    used = serializers.IntegerField(source="details.storage.used", allow_null=True)
    free = serializers.IntegerField(source="details.storage.free", allow_null=True)
    readable = serializers.BooleanField(source="details.is_readable")
    deletable = serializers.BooleanField(source="details.is_deletable")
    total = serializers.IntegerField(source="details.total", allow_null=True)
    files = serializers.IntegerField(source="details.files", allow_null=True)
    min_free = serializers.IntegerField(source="details.min_free", allow_null=True)
    attributes = serializers.DictField(source="details.attributes")
    protocols = DoorSerializer(source="details.doors", many=True)
    usage = shapes.UsageSerializer(allow_null=True)
    held = HeldSerializer(many=True, allow_null=True)
    held_total = serializers.IntegerField()
    datasets = DatasetAtSerializer(many=True, allow_null=True)


class StorageView(DataView):
    """One storage."""

    @extend_schema(responses=StorageDetailsSerializer)
    def get(self, request: Request, storage: str) -> Response:
        """Return a storage, your use of it, and the first of what is there."""
        view = places.storage_view(user_of(request), storage)
        return Response(StorageDetailsSerializer(view).data)


_METADATA = "data/dids/<str:scope>/<path:name>/metadata"
#: Before those of `data_mgmt.api`, where a name takes the rest of an address.
urlpatterns = [
    path(_METADATA, MetadataView.as_view(), name="data-did-metadata"),
    path(f"{_METADATA}/history", HistoryView.as_view(), name="data-did-history"),
    path("data/storages/<str:storage>", StorageView.as_view(), name="data-storage"),
]
