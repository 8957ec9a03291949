"""The API's facets of a search in the index."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt.api import DataView
from data_mgmt.services import finding, index_facets, index_search


class FacetValueSerializer(serializers.Serializer[Any]):
    """A value, how many have it, and the condition that chooses them."""

    value = serializers.CharField(source="text")
    count = serializers.IntegerField()
    condition = serializers.CharField()


class FacetSerializer(serializers.Serializer[Any]):
    """A field, or a key of metadata, with its most frequent values."""

    field = serializers.CharField(source="field.name")
    is_metadata = serializers.BooleanField(source="field.is_key")
    values = FacetValueSerializer(many=True)


class FacetsSerializer(serializers.Serializer[Any]):
    """Counts among the first `counted` found; `cut` when there are more."""

    counted = serializers.IntegerField()
    cut = serializers.BooleanField()
    total = serializers.IntegerField()
    total_cut = serializers.BooleanField()
    as_of = serializers.DateTimeField(allow_null=True)
    unread = serializers.ListField(child=serializers.CharField())
    facets = FacetSerializer(many=True)


class FacetsView(DataView):
    """Facets of a search."""

    @extend_schema(
        operation_id="data_facets",
        parameters=[OpenApiParameter("q", str, description="A search; empty for all.")],
        responses=FacetsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return how many are found, and how often values occur among them."""
        node, over = finding.understood(user_of(request), request.query_params.get("q", ""))
        total = index_search.count(over, node)
        found = index_facets.facets(over, node)
        answer = {
            "counted": found.counted,
            "cut": found.is_cut,
            "total": total.value,
            "total_cut": total.is_cut,
            "as_of": over.oldest,
            "unread": over.unread,
            "facets": found.facets,
        }
        return Response(FacetsSerializer(answer).data)


urlpatterns = [path("data/facets", FacetsView.as_view(), name="data-facets")]
