"""The API's changes of collections: listed, followed DID by DID; and damaged copies of files."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt.api import DataView
from data_mgmt.backends import Did
from data_mgmt.collections_api import ChangeSerializer, begun
from data_mgmt.models_groups import CollectionChange, CollectionItem, ItemState
from data_mgmt.services import collecting, damage
from vre_portal.errors import InvalidRequest
from vre_portal.paging import PAGE_PARAMETERS, limit_of, page


class BadWish(serializers.Serializer[Any]):
    """What is wrong with a copy; `may_lose` where it is the only good one."""

    reason = serializers.CharField(max_length=damage.MAX_REASON)
    may_lose = serializers.BooleanField(default=False)


class ItemSerializer(serializers.ModelSerializer[CollectionItem]):
    """A DID of a list and what became of it."""

    did = serializers.CharField()

    class Meta:
        model = CollectionItem
        fields = ("did", "state", "reason")


class ChangesView(DataView):
    """The changes that you, or a group of yours, asked for."""

    @extend_schema(
        operation_id="data_changes_list",
        parameters=PAGE_PARAMETERS,
        responses=inline_serializer(
            "Changes",
            {"items": ChangeSerializer(many=True), "next": serializers.URLField(allow_null=True)},
        ),
    )
    def get(self, request: Request) -> Response:
        """Return a page of changes, newest first."""
        mine = CollectionChange.objects.visible_to(user_of(request))
        rows, more = page(mine, request)
        return Response({"items": ChangeSerializer(rows, many=True).data, "next": more})


class BadReplicaView(DataView):
    """Declares a copy of a file bad."""

    @extend_schema(request=BadWish, responses={202: ChangeSerializer})
    def post(self, request: Request, scope: str, name: str, storage: str) -> Response:
        """Have Rucio replace a copy from another one; for data managers."""
        wish = BadWish(data=request.data)
        wish.is_valid(raise_exception=True)
        file, values = Did(scope, name), wish.validated_data
        return begun(damage.declare_bad(user_of(request), file, storage=storage, **values))


class ChangeView(DataView):
    """A change of a collection."""

    @extend_schema(responses=ChangeSerializer)
    def get(self, request: Request, pk: str) -> Response:
        """Return a change."""
        return Response(ChangeSerializer(collecting.find(user_of(request), pk)).data)


class ItemsView(DataView):
    """What became of each DID of a change."""

    @extend_schema(
        operation_id="data_changes_items_list",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("state", str, enum=[*ItemState.values]),
        ],
        responses=inline_serializer(
            "ItemsOfChange",
            {"items": ItemSerializer(many=True), "next": serializers.URLField(allow_null=True)},
        ),
    )
    def get(self, request: Request, pk: str) -> Response:
        """Return a page of DIDs in the order of the list."""
        rows = collecting.find(user_of(request), pk).items.order_by("pk")
        if state := request.query_params.get("state", ""):
            if state not in ItemState.values:
                names = ", ".join(ItemState.values)
                raise InvalidRequest(f"state: one of {names}.", field="state")
            rows = rows.filter(state=state)
        cursor, limit = request.query_params.get("cursor", "0"), limit_of(request)
        if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
            raise InvalidRequest("Follow `next` as it is.", field="cursor")
        found = list(rows.filter(pk__gt=int(cursor))[: limit + 1])
        more = None
        if len(found) > limit:
            query = request.query_params.copy()
            query["cursor"] = str(found[limit - 1].pk)
            more = f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"
        items = ItemSerializer(found[:limit], many=True).data
        return Response({"items": items, "next": more})


_COPY = "data/files/<str:scope>/<path:name>/replicas/<str:storage>/bad"
urlpatterns = [
    path("data/changes", ChangesView.as_view(), name="data-changes"),
    path("data/changes/<uuid:pk>", ChangeView.as_view(), name="data-change"),
    path("data/changes/<uuid:pk>/items", ItemsView.as_view(), name="data-change-items"),
    path(_COPY, BadReplicaView.as_view(), name="data-replica-bad"),
]
