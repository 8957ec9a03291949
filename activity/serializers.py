"""The API's shapes of notices: their kinds, and the webhook."""

from __future__ import annotations

from rest_framework import serializers

from activity.services import kinds, webhooks

STATES = ["none", "on", "failing", "off"]


class NoticeKindSerializer(serializers.Serializer[kinds.Kind]):
    """A kind of notice; `usual` is what holds until one chooses."""

    kind = serializers.CharField(source="key")
    title = serializers.CharField()
    help = serializers.CharField()
    usual = serializers.BooleanField()


class WebhookWishSerializer(serializers.Serializer[object]):
    """Where notices go, and which kinds: these, and no others."""

    url = serializers.CharField(max_length=webhooks.LONGEST)
    wanted = serializers.ListField(child=serializers.CharField(), max_length=len(kinds.KINDS))


class WebhookSerializer(serializers.Serializer[object]):
    """The webhook and how it goes; `url` is null where there is none."""

    url = serializers.CharField(allow_null=True)
    wanted = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=STATES)
    problem = serializers.CharField(allow_blank=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    off_since = serializers.DateTimeField(allow_null=True)
    worked_at = serializers.DateTimeField(allow_null=True)
    kinds = NoticeKindSerializer(many=True)


class NewWebhookSerializer(WebhookSerializer):
    """A webhook that was just made, with the secret that is told this once."""

    secret = serializers.CharField()


class SecretSerializer(serializers.Serializer[object]):
    """A secret that is told this once."""

    secret = serializers.CharField()


class TriedSerializer(serializers.Serializer[webhooks.Tried]):
    """What came of a test: the answer's status, or null and in words what was wrong."""

    status = serializers.IntegerField(allow_null=True)
    problem = serializers.CharField(allow_blank=True)
