"""The API's subscriptions: seen, made, edited, retired."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt import subscription_forms as forms
from data_mgmt import subscription_words
from data_mgmt.api import DataView
from data_mgmt.approvals_api import KeyField
from data_mgmt.backends.subscriptions import Subscription, SubscriptionWish
from data_mgmt.models_approvals import SubscriptionChange
from data_mgmt.services import subscriptions
from data_mgmt.services.patterns import as_text
from data_mgmt.services.subscriptions import MAX_COMMENT, MAX_DAYS, MAX_RULES


def _texts() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField())


class SubscriptionRuleSerializer(serializers.Serializer[Any]):
    """A copy that is made; `copies` may be `*` for one at each storage that is meant."""

    storage = serializers.CharField(max_length=255)
    copies = serializers.CharField(default="1", max_length=3)
    keep_days = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_DAYS
    )
    activity = serializers.CharField(required=False, allow_blank=True, max_length=50)


class SubscriptionWishSerializer(serializers.Serializer[Any]):
    """A subscription as it is wanted; `*` is any text, `re:` stands before an expression."""

    scopes = serializers.ListField(child=serializers.CharField(max_length=250), default=list)
    types = serializers.ListField(
        child=serializers.ChoiceField(forms.TYPES), default=lambda: ["dataset"]
    )
    pattern = serializers.CharField(default="", allow_blank=True, max_length=forms.MAX_FILTER)
    excluded_pattern = serializers.CharField(
        default="", allow_blank=True, max_length=forms.MAX_FILTER
    )
    metadata = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=250)), default=dict
    )
    rules = serializers.ListField(
        child=SubscriptionRuleSerializer(), min_length=1, max_length=MAX_RULES
    )
    comment = serializers.CharField(default="", allow_blank=True, max_length=MAX_COMMENT)
    lifetime_days = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=MAX_DAYS
    )

    def wish(self, found: Subscription | None = None) -> SubscriptionWish:
        """Return what was sent as a wish."""
        told = self.validated_data
        rules = [{**rule, "copies": forms.copies_of(rule["copies"])} for rule in told["rules"]]
        return SubscriptionWish(
            filter=forms.filter_of(told, found),
            rules=forms.rules_of(rules, found),
            comment=told["comment"],
            lifetime_days=told["lifetime_days"],
            priority=found.priority if found else 3,
        )


class NewSubscriptionSerializer(SubscriptionWishSerializer):
    """A new subscription."""

    name = serializers.CharField(max_length=64)


class SubscriptionChangeSerializer(serializers.ModelSerializer[SubscriptionChange]):
    """A change and whether it has come to Rucio."""

    action = serializers.CharField(source="verb")

    class Meta:
        model = SubscriptionChange
        fields = (
            "id", "action", "account", "name", "subscription", "state", "reason", "created_at",
            "finished_at",
        )  # fmt: skip


class SubscriptionSerializer(serializers.Serializer[Any]):
    """A subscription."""

    id = KeyField()
    name = serializers.CharField()
    account = serializers.CharField()
    state = serializers.CharField()
    sentence = serializers.CharField()
    scopes = _texts()
    types = _texts()
    pattern = serializers.CharField()
    excluded_pattern = serializers.CharField()
    metadata = serializers.DictField(child=_texts())
    rules = SubscriptionRuleSerializer(many=True)
    comment = serializers.CharField()
    processed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)


def shape(found: Subscription) -> dict[str, Any]:
    """Return a subscription as the API tells it."""
    told = forms.initial_of(found)
    wanted = found.filter
    metadata = {key: [*map(as_text, values)] for key, values in wanted.metadata.items()}
    more = {
        "id": found.id,
        "sentence": subscription_words.sentence(found),
        "scopes": [*map(as_text, wanted.scopes)],
        "metadata": metadata,
        "rules": forms.initial_rules(found),
    }
    names = ("name", "account", "state", "processed_at", "created_at", "ends_at")
    shown = {**told, **more, **{name: getattr(found, name) for name in names}}
    return dict(SubscriptionSerializer(shown).data)


class SubscriptionsView(DataView):
    """Subscriptions."""

    @extend_schema(
        operation_id="data_subscriptions_list",
        responses=inline_serializer(
            "Subscriptions",
            {
                "items": SubscriptionSerializer(many=True),
                "next": serializers.URLField(allow_null=True),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Return the user's subscriptions, to a data manager everybody's; never paged."""
        found = subscriptions.listing(user_of(request))
        return Response({"items": [shape(each) for each in found], "next": None})

    @extend_schema(request=NewSubscriptionSerializer, responses={202: SubscriptionChangeSerializer})
    def post(self, request: Request) -> Response:
        """Begin to make a subscription, as a data manager."""
        told = NewSubscriptionSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        change = subscriptions.add(user_of(request), told.validated_data["name"], told.wish())
        return _accepted(change)


class SubscriptionView(DataView):
    """One subscription."""

    @extend_schema(responses=SubscriptionSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a subscription."""
        return Response(shape(subscriptions.find(user_of(request), pk)))

    @extend_schema(
        request=SubscriptionWishSerializer, responses={202: SubscriptionChangeSerializer}
    )
    def put(self, request: Request, pk: UUID) -> Response:
        """Begin to write a subscription anew; a retired one goes on with it."""
        user = user_of(request)
        found = subscriptions.find(user, pk)
        told = SubscriptionWishSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        return _accepted(subscriptions.edit(user, found, told.wish(found)))

    @extend_schema(responses={202: SubscriptionChangeSerializer})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Begin to retire a subscription: Rucio deletes none."""
        user = user_of(request)
        return _accepted(subscriptions.retire(user, subscriptions.find(user, pk)))


def _accepted(change: SubscriptionChange) -> Response:
    body = SubscriptionChangeSerializer(change).data
    return Response(body, status=status.HTTP_202_ACCEPTED)


urlpatterns = [
    path("data/subscriptions", SubscriptionsView.as_view(), name="data-subscriptions"),
    path("data/subscriptions/<uuid:pk>", SubscriptionView.as_view(), name="data-subscription"),
]
