"""The API for data managers: what waits for approval, approved or denied."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt.api import DataView
from data_mgmt.approval_forms import QueueQuery
from data_mgmt.models_approvals import MAX_NOTE, RuleVerb
from data_mgmt.services import approvals, rule_actions
from vre_portal.paging import PAGE_PARAMETERS, limit_of

STAR = "`*` is any text."


class KeyField(serializers.UUIDField):
    """An id that Rucio writes without dashes, as the API's addresses take it."""

    def to_representation(self, value: Any) -> str:
        """Return it with dashes."""
        return str(UUID(str(value)))


class WaitingSerializer(serializers.Serializer[Any]):
    """A rule that waits for approval."""

    id = KeyField(source="rule.id")
    did = serializers.CharField(source="rule.did")
    storage = serializers.CharField(source="rule.storage")
    account = serializers.CharField(source="rule.account")
    name = serializers.CharField(help_text="Who asked, where the portal knows the account.")
    comment = serializers.CharField(source="rule.comment")
    bytes = serializers.IntegerField(allow_null=True)
    files = serializers.IntegerField(allow_null=True)
    free = serializers.IntegerField(source="storage.free", default=None, allow_null=True)
    quota_limit = serializers.IntegerField(source="usage.limit", default=None, allow_null=True)
    quota_after = serializers.IntegerField(source="used_after", allow_null=True)
    exceeds_quota = serializers.BooleanField(source="exceeds")
    waits_since = serializers.DateTimeField(source="rule.created_at", allow_null=True)
    expires_at = serializers.DateTimeField(source="rule.expires_at", allow_null=True)


class ActionSerializer(serializers.Serializer[Any]):
    """What is done to a rule, and what came of it."""

    id = serializers.UUIDField()
    rule = serializers.UUIDField()
    did = serializers.CharField()
    storage = serializers.CharField()
    account = serializers.CharField()
    action = serializers.CharField(source="verb")
    note = serializers.CharField()
    lifetime_days = serializers.IntegerField(allow_null=True)
    state = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class NoteSerializer(serializers.Serializer[Any]):
    """What the asker reads."""

    note = serializers.CharField(required=False, allow_blank=True, max_length=MAX_NOTE)


class ApprovalsView(DataView):
    """What waits."""

    @extend_schema(
        operation_id="data_approvals_list",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("storage", str, description=STAR),
            OpenApiParameter("scope", str, description=STAR),
            OpenApiParameter("asker", str, description=f"The account in Rucio. {STAR}"),
            OpenApiParameter("name", str, description=STAR),
        ],
        responses=inline_serializer(
            "Approvals",
            {
                "items": WaitingSerializer(many=True),
                "next": serializers.URLField(allow_null=True),
                "total": serializers.IntegerField(),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Return what waits for a data manager, the oldest first."""
        found = approvals.queue(
            user_of(request),
            QueueQuery.of(request.query_params).question,
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        items = WaitingSerializer(found.items, many=True).data
        return Response(
            {"items": items, "next": next_of(request, found.next), "total": found.total}
        )


def next_of(request: Request, cursor: str) -> str | None:
    """Return the address of the next page, if there is one."""
    if not cursor:
        return None
    query = {**request.query_params.dict(), "cursor": cursor}
    return f"{request.build_absolute_uri(request.path)}?{urlencode(query)}"


class ApproveView(DataView):
    """Approve one."""

    verb = RuleVerb.APPROVE

    @extend_schema(request=NoteSerializer, responses={202: ActionSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Let a rule go on that waits, with a note if there is one to say."""
        return self._decide(request, pk)

    def _decide(self, request: Request, pk: UUID) -> Response:
        told = NoteSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        user = user_of(request)
        rule = approvals.find(user, pk)
        wish = rule_actions.Wish(self.verb, told.validated_data.get("note", ""))
        (action,) = rule_actions.outcomes(user, rule_actions.begin(user, [rule], wish))
        return Response(ActionSerializer(action).data, status=status.HTTP_202_ACCEPTED)


class DenyView(ApproveView):
    """Deny one."""

    verb = RuleVerb.DENY

    @extend_schema(request=NoteSerializer, responses={202: ActionSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Remove a rule that waits; the asker reads the note, which is required."""
        return self._decide(request, pk)


_APPROVALS = "data/approvals"
urlpatterns = [
    path(_APPROVALS, ApprovalsView.as_view(), name="data-approvals"),
    path(f"{_APPROVALS}/<uuid:pk>/approve", ApproveView.as_view(), name="data-approve"),
    path(f"{_APPROVALS}/<uuid:pk>/deny", DenyView.as_view(), name="data-deny"),
]
