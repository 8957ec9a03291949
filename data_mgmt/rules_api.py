"""The API's rules of one's own account: listed, kept longer or ended several at once."""

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
from data_mgmt.approvals_api import STAR, ActionSerializer, KeyField, next_of
from data_mgmt.models_approvals import RuleVerb
from data_mgmt.rule_forms import STATES, VERBS, RulesQuery
from data_mgmt.services import my_rules, rule_actions
from data_mgmt.services.my_rules import Order
from data_mgmt.services.replicas import MAX_LIFETIME_DAYS
from vre_portal.errors import InvalidRequest
from vre_portal.paging import PAGE_PARAMETERS, limit_of


class MyRuleSerializer(serializers.Serializer[Any]):
    """A rule of one's own."""

    id = KeyField(source="rule.id")
    account = serializers.CharField(source="rule.account", help_text="One's own, or a group's.")
    did = serializers.CharField(source="rule.did")
    storage = serializers.CharField(source="rule.storage")
    copies = serializers.IntegerField(source="rule.copies")
    state = serializers.CharField(source="rule.state")
    bytes = serializers.IntegerField(source="rule.bytes", allow_null=True)
    files_done = serializers.IntegerField(source="rule.locks_ok")
    files_total = serializers.IntegerField(source="rule.locks_total")
    error = serializers.CharField(source="rule.error")
    comment = serializers.CharField(source="rule.comment")
    created_at = serializers.DateTimeField(source="rule.created_at", allow_null=True)
    expires_at = serializers.DateTimeField(source="rule.expires_at", allow_null=True)
    request = serializers.UUIDField(
        source="request.pk", default=None, allow_null=True, help_text="The request that made it."
    )


class RuleChangeSerializer(serializers.Serializer[Any]):
    """The same change to several rules; `lifetime_days` from now, null for no end."""

    rules = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=rule_actions.MAX_AT_ONCE
    )
    action = serializers.ChoiceField(list(VERBS))
    lifetime_days = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_LIFETIME_DAYS
    )


class RulesView(DataView):
    """All rules of the account."""

    @extend_schema(
        operation_id="data_rules_list",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("state", str, enum=list(STATES)),
            OpenApiParameter("account", str, description="One's own, or that of a group."),
            OpenApiParameter("storage", str, description=STAR),
            OpenApiParameter("scope", str, description=STAR),
            OpenApiParameter("name", str, description=STAR),
            OpenApiParameter("within_days", int, description="Only those that end within it."),
            OpenApiParameter("sort", str, enum=[order.value for order in Order]),
        ],
        responses=inline_serializer(
            "MyRules",
            {
                "items": MyRuleSerializer(many=True),
                "next": serializers.URLField(allow_null=True),
                "total": serializers.IntegerField(),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Return the rules of the user's account and groups, whoever made them."""
        parts = RulesQuery.of(request.query_params).parts()
        found = my_rules.list_mine(
            user_of(request),
            **parts,
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        items = MyRuleSerializer(found.items, many=True).data
        return Response(
            {"items": items, "next": next_of(request, found.next), "total": found.total}
        )


class RuleActionsView(DataView):
    """Changes of several rules."""

    @extend_schema(
        request=RuleChangeSerializer,
        responses={
            202: inline_serializer(
                "RuleActions",
                {"batch": serializers.UUIDField(), "items": ActionSerializer(many=True)},
            )
        },
    )
    def post(self, request: Request) -> Response:
        """Begin to extend or end rules of the user's account; the answer says what each will be."""
        told = RuleChangeSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values, user = told.validated_data, user_of(request)
        verb = VERBS[values["action"]]
        if verb == RuleVerb.EXTEND and "lifetime_days" not in values:
            raise InvalidRequest(
                "lifetime_days: say how long, or null for no end.", field="lifetime_days"
            )
        rules = my_rules.chosen(user, values["rules"])
        if not rules:
            raise InvalidRequest("rules: none of these is yours.", field="rules")
        wish = rule_actions.Wish(verb, lifetime_days=values.get("lifetime_days"))
        batch = rule_actions.begin(user, rules, wish)
        return _batch(rule_actions.outcomes(user, batch), batch, status.HTTP_202_ACCEPTED)


class RuleActionView(DataView):
    """What came of one batch."""

    @extend_schema(
        responses=inline_serializer(
            "RuleActionsOutcome",
            {"batch": serializers.UUIDField(), "items": ActionSerializer(many=True)},
        )
    )
    def get(self, request: Request, batch: UUID) -> Response:
        """Return what came of each rule that was changed at once."""
        return _batch(rule_actions.outcomes(user_of(request), batch), batch, status.HTTP_200_OK)


def _batch(rows: Any, batch: UUID, code: int) -> Response:
    items = ActionSerializer(rows, many=True).data
    return Response({"batch": str(batch), "items": items}, status=code)


urlpatterns = [
    path("data/rules", RulesView.as_view(), name="data-rules"),
    path("data/rules/actions", RuleActionsView.as_view(), name="data-rule-actions"),
    path(
        "data/rules/actions/<uuid:batch>", RuleActionView.as_view(), name="data-rule-actions-batch"
    ),
]
