"""The API's wishes for quota: asked for, withdrawn, and for data managers granted or denied."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt.api import DataView
from data_mgmt.approvals_api import NoteSerializer
from data_mgmt.models_approvals import MAX_NOTE, QuotaRequest, QuotaState
from data_mgmt.services import quotas
from vre_portal.errors import InvalidRequest
from vre_portal.paging import PAGE_PARAMETERS, page


class QuotaRequestSerializer(serializers.ModelSerializer[QuotaRequest]):
    """A wish for a limit at a storage."""

    asker = serializers.CharField(source="user")
    decided_by = serializers.CharField(allow_null=True)

    class Meta:
        model = QuotaRequest
        fields = (
            "id", "asker", "account", "storage", "bytes", "limit_before", "used_before", "reason",
            "state", "granted_bytes", "decided_by", "note", "problem", "created_at", "decided_at",
        )  # fmt: skip


class QuotaWishSerializer(serializers.Serializer[Any]):
    """How much is wanted where, in bytes in all, and what for."""

    storage = serializers.CharField(max_length=255)
    bytes = serializers.IntegerField(min_value=1, max_value=quotas.MOST_BYTES)
    reason = serializers.CharField(max_length=MAX_NOTE)


class GrantSerializer(NoteSerializer):
    """How much is granted: as asked, unless it is said."""

    bytes = serializers.IntegerField(min_value=1, max_value=quotas.MOST_BYTES, required=False)


class QuotaRequestsView(DataView):
    """Wishes for quota."""

    @extend_schema(
        operation_id="data_quota_requests_list",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("state", str, enum=QuotaState.values),
        ],
        responses=inline_serializer(
            "QuotaRequests",
            {
                "items": QuotaRequestSerializer(many=True),
                "next": serializers.URLField(allow_null=True),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Return the user's wishes, to a data manager everybody's, newest first."""
        rows = QuotaRequest.objects.visible_to(user_of(request))
        if state := request.query_params.get("state", ""):
            if state not in QuotaState.values:
                names = ", ".join(QuotaState.values)
                raise InvalidRequest(f"state: give one of {names}.", field="state")
            rows = rows.filter(state=state)
        found, more = page(rows.select_related("user", "decided_by"), request)
        return Response({"items": QuotaRequestSerializer(found, many=True).data, "next": more})

    @extend_schema(request=QuotaWishSerializer, responses={201: QuotaRequestSerializer})
    def post(self, request: Request) -> Response:
        """Ask for quota; 409 while an earlier wish for the same storage is open."""
        told = QuotaWishSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values = told.validated_data
        made = quotas.ask(
            user_of(request),
            storage=values["storage"],
            size=values["bytes"],
            reason=values["reason"],
        )
        return Response(QuotaRequestSerializer(made).data, status=status.HTTP_201_CREATED)


class QuotaRequestView(DataView):
    """One wish."""

    @extend_schema(responses=QuotaRequestSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a wish for quota."""
        return Response(QuotaRequestSerializer(quotas.find(user_of(request), pk)).data)

    @extend_schema(responses=QuotaRequestSerializer)
    def delete(self, request: Request, pk: UUID) -> Response:
        """Withdraw a wish that is not decided."""
        user = user_of(request)
        row = quotas.withdraw(user, quotas.find(user, pk))
        return Response(QuotaRequestSerializer(row).data)


class GrantView(DataView):
    """Grant a wish."""

    @extend_schema(request=GrantSerializer, responses={202: QuotaRequestSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Begin to set the limit, as a data manager."""
        told = GrantSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        user, values = user_of(request), told.validated_data
        row = quotas.grant(
            user, quotas.find(user, pk), size=values.get("bytes"), note=values.get("note", "")
        )
        return Response(QuotaRequestSerializer(row).data, status=status.HTTP_202_ACCEPTED)


class DenyQuotaView(DataView):
    """Deny a wish."""

    @extend_schema(request=NoteSerializer, responses=QuotaRequestSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Deny a wish, as a data manager; the asker reads the note, which is required."""
        told = NoteSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        user = user_of(request)
        row = quotas.deny(user, quotas.find(user, pk), note=told.validated_data.get("note", ""))
        return Response(QuotaRequestSerializer(row).data)


_QUOTAS = "data/quota-requests"
urlpatterns = [
    path(_QUOTAS, QuotaRequestsView.as_view(), name="data-quota-requests"),
    path(f"{_QUOTAS}/<uuid:pk>", QuotaRequestView.as_view(), name="data-quota-request"),
    path(f"{_QUOTAS}/<uuid:pk>/approve", GrantView.as_view(), name="data-quota-approve"),
    path(f"{_QUOTAS}/<uuid:pk>/deny", DenyQuotaView.as_view(), name="data-quota-deny"),
]
